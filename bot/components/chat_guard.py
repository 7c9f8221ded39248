"""Keeps a question from being taken for something else: 「你好，怎么退货」 is no greeting."""

from __future__ import annotations

import re
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import (
    ENTITIES,
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message

from language.normalise import normalise

#: What people wrap around a question to be polite; longest first.
_COURTESIES = (
    "麻烦你了|麻烦您了|辛苦你了|辛苦您了|不好意思|打扰一下|请问一下|问一下|问下|请问|麻烦|打扰了?|谢谢你们|谢谢您|谢谢你|谢谢啦|谢谢"
    "|感谢|多谢|辛苦了?|你好啊|你好呀|您好呀|你好|您好|早上好|上午好|中午好|下午好|晚上好|早安|哈喽|hello|hi|嗨|喂"
    "|在吗|在不在|有人吗|有人在吗|客服|小助手|亲爱的|亲|老板|美女|帅哥|小姐姐|小哥哥"
)
_COURTESY = re.compile(_COURTESIES)
_NOT_WORDS = re.compile(r"[^\w]+|[啊呀呢吗吧哦噢哈嗯诶欸哎唉啦了的]")


# Of the kinds of components, classifiers that are not trainable run at prediction only, as this one should.
@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class ChatGuard(GraphComponent, IntentClassifier):
    """Sends what may be a question to the FAQ first, whatever else the classifier takes it for.

    A message that is more than a courtesy and not surely something else becomes a question; when the FAQ has no
    answer, the action still replies to what the classifier saw (its ranking is kept). Better a look-up too many than
    small talk in reply to trouble.
    """

    @classmethod
    def required_components(cls) -> list[type]:
        """A classifier comes first."""
        return [IntentClassifier]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Defaults. `least_left`: characters beyond courtesies that may be a question; `sure`: the confidence from
        which the classifier is believed; `never`: intents that stay; `always`: intents that are looked up however sure;
        `while_form` and `while_waiting`: intents that stay while the order form asks, while a person is awaited.
        """
        return {
            "least_left": 5,
            "sure": 0.9,
            "question_intent": "faq",
            "never": ["faq", "nlu_fallback", "insult", "not_helpful", "choose_answer"],
            "always": ["complain"],
            "while_form": ["provide_order_number", "cancel_form", "deny"],
            "while_waiting": ["cancel_handoff", "request_human", "leave_message"],
            "number_intent": "provide_order_number",
        }

    def __init__(self, config: dict[str, Any]) -> None:
        self._least_left = int(config["least_left"])
        self._sure = float(config["sure"])
        self._question = config["question_intent"]
        self._never = frozenset(config["never"])
        self._always = frozenset(config["always"])
        self._while_form = frozenset(config["while_form"])
        self._while_waiting = frozenset(config["while_waiting"])
        self._number = config["number_intent"]

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> ChatGuard:
        """Create it from its configuration alone."""
        return cls(config)

    def process(self, messages: list[Message], tracker: DialogueStateTracker) -> list[Message]:
        """Look at each message again."""
        for message in messages:
            intent = message.get(INTENT) or {}
            if self._is_question(message, intent, tracker):
                ranking = message.get(INTENT_RANKING_KEY) or []
                confidence = next((i["confidence"] for i in ranking if i.get("name") == self._question), 0.0)
                message.data[INTENT] = {INTENT_NAME_KEY: self._question, PREDICTED_CONFIDENCE_KEY: confidence}
        return messages

    def _is_question(self, message: Message, intent: dict[str, Any], tracker: DialogueStateTracker) -> bool:
        name = intent.get(INTENT_NAME_KEY)
        if not name or name in self._never:
            return False
        if name in self._always:
            return True
        if name in self._while_form and tracker.active_loop_name:
            return False
        waiting = (message.get("metadata") or {}).get("case_state") in ("waiting", "offered")
        if name in self._while_waiting and waiting:
            return False
        left = left_over(message.get(TEXT) or "")
        if name == self._number:
            # Digits of all kinds look like a number that was asked for; without an order number it was not.
            found = {entity.get("entity") for entity in message.get(ENTITIES) or ()}
            return "order_number" not in found and left >= self._least_left
        return left >= self._least_left and intent.get(PREDICTED_CONFIDENCE_KEY, 0.0) < self._sure


def left_over(text: str) -> int:
    """How many characters of `text` say more than hello, please and thank you."""
    return len(_NOT_WORDS.sub("", _COURTESY.sub("", normalise(text))))
