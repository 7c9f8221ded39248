"""Answer from the knowledge base, offer choices, or admit that there is no answer."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.guarded import Events, GuardedAction
from actions.said import TO_A_PERSON, earlier, metadata, say
from contracts.answer import Answer, Finding, Outcome
from contracts.turn import BotMessage, Button
from knowledge_base.finder import Finder

_ON_THE_WAY = frozenset({"waiting", "offered"})
#: Intents that domain.yml has a reply for, and the reply.
_REPLIES = {
    name: f"utter_{name}"
    for name in [
        "greet",
        "goodbye",
        "thanks",
        "affirm",
        "deny",
        "helpful",
        "bot_challenge",
        "ask_capabilities",
        "small_talk_weather",
        "small_talk_joke",
        "small_talk_mood",
        "small_talk_self",
        "complain",
        "leave_message",
        "cancel_handoff",
        "rate_service",
    ]
} | {"request_human": "utter_offer_human"}
#: From this confidence on the classifier's intent is replied to when the knowledge base has nothing.
_REPLY_CONFIDENCE = 0.5

MISS = "抱歉，这个问题我暂时没找到准确的答案。您可以换个说法，或补充一下商品、订单等信息，也可以直接转人工客服。"
MISS_NOTED = "这个问题我没找到答案，已经留在对话里，客服接入后就能看到。"
CLARIFY = "我想确认一下，您问的是下面哪一个？都不是的话，换个说法再告诉我就好。"
GONE = "这条内容刚刚更新了，麻烦您把问题再说一遍。"


class Base(Protocol):
    """What serves the knowledge base (`knowledge_base.live.LiveBase`)."""

    @property
    def finder(self) -> Finder:
        """The version that serves now."""


class AnswerFaq(GuardedAction):
    """Rasa action `action_answer_faq`: one question, or one choice picked from a clarification."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def name(self) -> str:
        """The action's name in domain.yml."""
        return "action_answer_faq"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Find and say."""
        turn = metadata(tracker)
        finder = self._base.finder
        # A form that asks for something is left when the customer asks something else; its own intent brings it back.
        left: Events = (
            [ActiveLoop(None), SlotSet("requested_slot", None)] if (tracker.active_loop or {}).get("name") else []
        )
        if turn.get("choice"):
            answer = finder.answer(turn["choice"])
            if answer is None:
                say(dispatcher, [BotMessage(GONE)], outcome="chat")
            else:
                self._answer(dispatcher, finder, answer, None)
            return left
        text = str(turn.get("text") or (tracker.latest_message or {}).get("text") or "")
        # In a thread, so that a slow encoder holds up nobody else and the deadline can strike.
        finding = await asyncio.to_thread(finder.find, text, channel=str(turn.get("channel") or "web"))
        if finding.outcome is Outcome.ANSWER:
            answer = finder.answer(finding.candidates[0].entry_id)
            if answer is not None:
                self._answer(dispatcher, finder, answer, finding)
                return left
        if finding.outcome is Outcome.CLARIFY:
            buttons = tuple(Button(title=found.question, choice=found.entry_id) for found in finding.candidates)
            say(dispatcher, [BotMessage(CLARIFY, kind="clarify", buttons=buttons)], outcome="clarify", finding=finding)
            return left
        self._miss(dispatcher, tracker, turn, finding)
        return []

    @staticmethod
    def _answer(dispatcher: CollectingDispatcher, finder: Finder, answer: Answer, finding: Finding | None) -> None:
        entry = next((entry for entry in finder.entries if entry.id == answer.entry_id), None)
        image = entry.images[0] if entry is not None and entry.images else ""
        message = BotMessage(answer.text, kind="answer", answer=answer, image=image)
        say(
            dispatcher,
            [message],
            outcome="answer",
            finding=finding,
            entry_id=answer.entry_id,
            escalate=answer.escalate,
        )

    @staticmethod
    def _miss(dispatcher: CollectingDispatcher, tracker: Tracker, turn: dict[str, Any], finding: Finding) -> None:
        reply = _reply(tracker)
        if reply:
            say(dispatcher, [], outcome="chat", finding=finding)
            dispatcher.utter_message(response=reply)
        elif turn.get("case_state") in _ON_THE_WAY:
            # Said once: whoever waits for a person need not read after each line that the bot does not know.
            told = any(ours.get("noted") for ours in earlier(tracker))
            messages = [] if told else [BotMessage(MISS_NOTED)]
            say(dispatcher, messages, outcome="miss", finding=finding, noted=True)
        else:
            say(dispatcher, [BotMessage(MISS, kind="miss", buttons=(TO_A_PERSON,))], outcome="miss", finding=finding)


def _reply(tracker: Tracker) -> str:
    """The response of domain.yml to what the message is besides a question, if the classifier is sure enough."""
    ranking = (tracker.latest_message or {}).get("intent_ranking") or ()
    for intent in ranking:
        if intent.get("name") in _REPLIES and float(intent.get("confidence") or 0.0) >= _REPLY_CONFIDENCE:
            return _REPLIES[intent["name"]]
    return ""
