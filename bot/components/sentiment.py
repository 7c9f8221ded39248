"""Mood of each customer message, kept beside intent and entities."""

from __future__ import annotations

import logging
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.paths import sentiment as sentiment_folder
from contracts.codec import encode
from language.sentiment import SentimentModel

logger = logging.getLogger(__name__)

SENTIMENT = "sentiment"


# Of the kinds of components, classifiers that are not trainable run at prediction only, as this one should.
@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class SentimentReader(GraphComponent):
    """Sets `sentiment`, an encoded `contracts.understanding.Sentiment`, on every message."""

    def __init__(self, model: SentimentModel) -> None:
        self._model = model

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentimentReader:
        """Create it over the model in JIEHUA_SENTIMENT; raises SentimentError without one."""
        return cls(SentimentModel.load(sentiment_folder()))

    def process(self, messages: list[Message]) -> list[Message]:
        """Read each message. A failure costs the mood of this message, never the turn."""
        for message in messages:
            text = message.get(TEXT)
            if not text:
                continue
            try:
                read = self._model.read(text)
            except Exception:
                logger.exception("The mood of a message could not be read; the turn goes on without it.")
                continue
            message.set(SENTIMENT, encode(read), add_to_output=True)
        return messages
