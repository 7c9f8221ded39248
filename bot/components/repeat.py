"""Notices when a customer asks the same thing again in other words."""

from __future__ import annotations

import functools
import logging
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.components.encoder import shared_encoder
from language.static_encoder import StaticEncoder

logger = logging.getLogger(__name__)

REPEAT = "repeat"


# Of the kinds of components, classifiers that are not trainable run at prediction only, as this one should.
@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class RepeatDetector(GraphComponent):
    """Sets `repeat`: {of: seq of the nearest earlier question, similarity: cosine}, when that is near enough.

    Earlier questions are the customer's messages of this bot session whose intent is one of `question_intents`; the
    message itself must be one too.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Defaults; below `threshold` (cosine) two messages do not count as the same question."""
        return {"threshold": 0.55, "question_intents": ["faq", "nlu_fallback", "complain", "order_status"]}

    def __init__(self, config: dict[str, Any], encoder: StaticEncoder) -> None:
        self._threshold = float(config["threshold"])
        self._intents = frozenset(config["question_intents"])
        # Earlier messages come back at every turn; their vectors need not be computed again.
        self._vector = functools.lru_cache(maxsize=4096)(lambda text: encoder.encode([text])[0])

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> RepeatDetector:
        """Create it over the encoder of this process."""
        return cls(config, shared_encoder())

    def process(self, messages: list[Message], tracker: DialogueStateTracker) -> list[Message]:
        """Compare each message with the earlier ones of its session. A failure never costs the turn."""
        for message in messages:
            try:
                found = self._nearest(message, tracker)
            except Exception:
                logger.exception("Repeats could not be looked for; the turn goes on without it.")
                continue
            if found is not None:
                message.set(REPEAT, {"of": found[0], "similarity": found[1]}, add_to_output=True)
        return messages

    def _nearest(self, message: Message, tracker: DialogueStateTracker) -> tuple[int, float] | None:
        text = message.get(TEXT)
        if not text or (message.get(INTENT) or {}).get(INTENT_NAME_KEY) not in self._intents:
            return None
        seq = (message.get("metadata") or {}).get("seq")
        earlier = [
            event
            for event in tracker.events
            if isinstance(event, UserUttered)
            and event.text
            and event.intent_name in self._intents
            and isinstance(event.metadata.get("seq"), int)
            # A turn that is tried again must not be taken for its own repetition.
            and (seq is None or event.metadata["seq"] < seq)
        ]
        if not earlier:
            return None
        cosines = np.stack([self._vector(event.text) for event in earlier]) @ self._vector(text)
        best = int(cosines.argmax())
        if cosines[best] < self._threshold:
            return None
        return int(earlier[best].metadata["seq"]), round(float(cosines[best]), 4)
