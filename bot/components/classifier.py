"""The intent classifier: Rasa's logistic regression, with a prediction that reads only the features a message has."""

from __future__ import annotations

from typing import Any

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.classifiers.logistic_regression_classifier import LogisticRegressionClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY
from rasa.shared.nlu.training_data.message import Message


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class LinearIntents(LogisticRegressionClassifier):
    """Multinomial logistic regression; trained and stored as Rasa's own component.

    scikit-learn multiplies the message with the whole weight matrix, and copies it first because it lies the wrong
    way round: megabytes a message, of which some hundred rows are needed.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Defaults of the parent."""
        return LogisticRegressionClassifier.get_default_config()

    def process(self, messages: list[Message]) -> list[Message]:
        """Set `intent` and `intent_ranking` of each message."""
        weights = self._weights()
        features = self._create_X(messages)
        for row, message in enumerate(messages):
            first, last = features.indptr[row], features.indptr[row + 1]
            scores = features.data[first:last] @ weights[features.indices[first:last]] + self.clf.intercept_
            ranking = self._ranking(scores)
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking[: self.config["ranking_length"] or None], add_to_output=True)
        return messages

    def _weights(self) -> np.ndarray:
        """The weights as [features, intents], one feature's in one piece of memory."""
        if getattr(self, "_by_feature", None) is None:
            self._by_feature = np.ascontiguousarray(self.clf.coef_.T)
        return self._by_feature

    def _ranking(self, scores: np.ndarray) -> list[dict[str, Any]]:
        """Intents by falling probability (softmax; two classes have one score, the second's)."""
        if len(scores) == 1:
            scores = np.array([0.0, scores[0]])
        exponentials = np.exp(scores - scores.max())
        probabilities = exponentials / exponentials.sum()
        return [
            {INTENT_NAME_KEY: str(self.clf.classes_[at]), PREDICTED_CONFIDENCE_KEY: float(probabilities[at])}
            for at in np.argsort(-probabilities, kind="stable")
        ]
