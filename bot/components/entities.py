"""Order numbers, phones, amounts and dates by their shape; products and spelled-out words by spaCy's entity ruler."""

from __future__ import annotations

import logging
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import SPACY_DOCS
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.nlu.utils.spacy_utils import SpacyModel
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.entity_values import Span, shapes, without_overlaps

logger = logging.getLogger(__name__)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False, model_from="SpacyNLP")
class RulerEntities(GraphComponent, EntityExtractorMixin):
    """Reads the doc that SpacyNLP already made (SpacyEntityExtractor parses the text once more), adds number shapes,
    and gives each value one spelling: an order number in capitals, a phone as digits, a product by its list name."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> RulerEntities:
        """Create it; the pipeline itself comes from SpacyNLP."""
        return cls()

    @staticmethod
    def required_packages() -> list[str]:
        """Distributions that must be installed."""
        return ["spacy"]

    def process(self, messages: list[Message], model: SpacyModel) -> list[Message]:
        """Add the entities to each message. A failure costs the entities of this message, never the turn."""
        for message in messages:
            try:
                found = self._entities(message, model)
            except Exception:
                logger.exception("Entities could not be read; the turn goes on without them.")
                found = []
            message.set(ENTITIES, message.get(ENTITIES, []) + self.add_extractor_name(found), add_to_output=True)
        return messages

    def _entities(self, message: Message, model: SpacyModel) -> list[dict[str, Any]]:
        text = message.get(TEXT)
        if not text:
            return []
        doc = message.get(SPACY_DOCS[TEXT])
        if doc is None:
            doc = model.model(text)
        ruled = [Span(ent.label_, ent.ent_id_ or ent.text, ent.start_char, ent.end_char) for ent in doc.ents]
        return [
            {
                "entity": span.name,
                "value": span.value,
                "start": span.start,
                "end": span.end,
                "confidence": 1.0,
            }
            for span in without_overlaps([*shapes(text), *ruled])
        ]
