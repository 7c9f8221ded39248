"""Sentence vectors of the shipped word table as features of the intent classifier."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import FEATURIZER_CLASS_ALIAS, TOKENS_NAMES
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, FEATURE_TYPE_SEQUENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.encoder import shared_encoder
from bot.paths import word_table
from language.static_encoder import StaticEncoder

logger = logging.getLogger(__name__)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class EncoderFeaturizer(DenseFeaturizer, GraphComponent):
    """Sentence features [1, d] and, with `sequence: true`, word features [n_tokens, d] of `language.static_encoder`.

    A linear classifier reads sentence features only, so word features are off unless asked for.
    """

    @classmethod
    def required_components(cls) -> list[type]:
        """A tokenizer comes first."""
        return [Tokenizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Defaults; `scale` multiplies the unit vectors."""
        return {**DenseFeaturizer.get_default_config(), "sequence": False, "scale": 1.0}

    def __init__(self, name: str, config: dict[str, Any], encoder: StaticEncoder) -> None:
        super().__init__(name, config)
        self._encoder = encoder

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> EncoderFeaturizer:
        """Create it over the encoder of this process."""
        return cls(execution_context.node_name, config, shared_encoder())

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Digest of the word table's files: another table needs another training."""
        digest = hashlib.sha256()
        for path in sorted(word_table().rglob("*")):
            if path.is_file() and path.suffix in {".safetensors", ".json"}:
                digest.update(path.name.encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the features to each message."""
        texts = [message.get(TEXT) or "" for message in messages]
        for message, vector in zip(messages, self._encoder.encode(texts)):
            if not message.get(TEXT):
                continue
            vector = vector * self._config["scale"]
            self._add(message, vector[None, :], FEATURE_TYPE_SENTENCE)
            if self._config["sequence"]:
                tokens = [token.text for token in message.get(TOKENS_NAMES[TEXT]) or ()]
                if tokens:
                    self._add(message, self._encoder.encode(tokens), FEATURE_TYPE_SEQUENCE)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Add the features to the training examples."""
        self.process(training_data.training_examples)
        return training_data

    def _add(self, message: Message, values: np.ndarray, kind: str) -> None:
        message.add_features(Features(values, kind, TEXT, self._config[FEATURIZER_CLASS_ALIAS]))

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Nothing to check."""
