from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answer_faq import GONE, MISS, MISS_NOTED, AnswerFaq
from actions.guarded import ActionFailure
from actions.repeat import NOTHING_SAID, Repeat
from contracts.answer import Answer, Candidate, Finding, Outcome
from contracts.codec import decode
from contracts.turn import BotMessage

ENTRY = SimpleNamespace(id="return-how-to", images=("https://example.cn/a.png",))
ANSWER = Answer("return-how-to", "怎么申请退货", "在**我的订单**里点退货。", "退换", "2026-10-20", "售后手册", True)


def candidate(entry_id: str, probability: float = 0.9) -> Candidate:
    return Candidate(entry_id, f"{entry_id}？", entry_id, probability, 0.8, 0.5)


class FakeFinder:
    """Finds what it was told to find."""

    def __init__(self, outcome: Outcome, *candidates: Candidate, slow_s: float = 0.0) -> None:
        self.entries = (ENTRY,)
        self.asked: list[tuple[str, str]] = []
        self._finding = Finding(outcome, candidates, "v1", "because", 0.5)
        self._slow_s = slow_s

    def find(self, text: str, *, k: int = 5, channel: str = "web") -> Finding:
        self.asked.append((text, channel))
        time.sleep(self._slow_s)
        return self._finding

    def answer(self, entry_id: str) -> Answer | None:
        return ANSWER if entry_id == ANSWER.entry_id else None


def tracker(
    text: str = "怎么退货", *, ranking: tuple = (), events: tuple = (), active: str = "", **metadata: Any
) -> Tracker:
    latest = {
        "text": text,
        "intent": {"name": "faq", "confidence": 0.5},
        "intent_ranking": [{"name": name, "confidence": confidence} for name, confidence in ranking],
        "metadata": {"seq": 1, "text": text, "channel": "web", "case_state": "none", **metadata},
    }
    return Tracker("c#1", {}, latest, list(events), False, None, {"name": active} if active else {}, "action_listen")


async def run(finder: FakeFinder, turn: Tracker) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """(payload, everything dispatched, events)"""
    dispatcher = CollectingDispatcher()
    events = await AnswerFaq(SimpleNamespace(finder=finder)).run(dispatcher, turn, {})
    return dispatcher.messages[0]["custom"]["jiehua"], dispatcher.messages, events


async def test_a_sure_finding_is_answered_with_its_source_and_date() -> None:
    finder = FakeFinder(Outcome.ANSWER, candidate("return-how-to"))
    payload, _, events = await run(finder, tracker("我要退貨", channel="wx"))
    message = decode(BotMessage, payload["messages"][0])
    assert message.kind == "answer"
    assert message.answer == ANSWER
    assert message.image == "https://example.cn/a.png"
    assert (payload["outcome"], payload["entry_id"], payload["escalate"]) == ("answer", "return-how-to", True)
    assert decode(Finding, payload["finding"]).version == "v1"
    assert finder.asked == [("我要退貨", "wx")]
    assert events == []


async def test_a_doubtful_finding_offers_its_choices() -> None:
    payload, _, _ = await run(FakeFinder(Outcome.CLARIFY, candidate("a", 0.4), candidate("b", 0.3)), tracker())
    message = decode(BotMessage, payload["messages"][0])
    assert [(button.title, button.choice) for button in message.buttons] == [("a？", "a"), ("b？", "b")]
    assert (message.kind, payload["outcome"]) == ("clarify", "clarify")


async def test_a_picked_choice_is_answered_without_looking_again() -> None:
    finder = FakeFinder(Outcome.MISS)
    payload, _, _ = await run(finder, tracker("怎么申请退货", choice="return-how-to"))
    assert payload["entry_id"] == "return-how-to"
    assert finder.asked == []


async def test_a_choice_that_the_editors_have_taken_away_meanwhile_is_explained() -> None:
    payload, _, _ = await run(FakeFinder(Outcome.MISS), tracker(choice="gone"))
    assert payload["messages"][0]["text"] == GONE


async def test_an_entry_that_ran_out_between_finding_and_answering_is_a_miss() -> None:
    payload, _, _ = await run(FakeFinder(Outcome.ANSWER, candidate("ran-out")), tracker())
    assert payload["outcome"] == "miss"


async def test_a_miss_is_admitted_and_a_person_offered() -> None:
    payload, _, _ = await run(FakeFinder(Outcome.MISS), tracker())
    assert payload["outcome"] == "miss"
    assert payload["messages"][0]["text"] == MISS
    assert [button["payload"] for button in payload["messages"][0]["buttons"]] == ["request_human"]


async def test_small_talk_that_the_base_knows_nothing_of_gets_its_own_reply_and_is_no_miss() -> None:
    turn = tracker("今天天气真好啊", ranking=(("small_talk_weather", 0.8), ("faq", 0.1)))
    payload, dispatched, _ = await run(FakeFinder(Outcome.MISS), turn)
    assert payload["outcome"] == "chat"
    assert dispatched[1]["response"] == "utter_small_talk_weather"


async def test_small_talk_that_the_classifier_only_guesses_is_a_miss() -> None:
    payload, _, _ = await run(FakeFinder(Outcome.MISS), tracker(ranking=(("small_talk_weather", 0.4), ("faq", 0.3))))
    assert payload["outcome"] == "miss"


@pytest.mark.parametrize("state", ["waiting", "offered"])
async def test_a_waiting_customer_is_told_once_that_the_question_is_kept(state: str) -> None:
    payload, dispatched, _ = await run(FakeFinder(Outcome.MISS), tracker(case_state=state))
    assert payload["messages"][0]["text"] == MISS_NOTED
    earlier = {"event": "bot", "text": None, "data": {"custom": dispatched[0]["custom"]}}
    payload, _, _ = await run(FakeFinder(Outcome.MISS), tracker(case_state=state, events=(earlier,)))
    assert (payload["messages"], payload["outcome"]) == ([], "miss")


async def test_a_question_asked_while_a_form_waits_leaves_the_form() -> None:
    turn = tracker(active="order_status_form")
    _, _, events = await run(FakeFinder(Outcome.ANSWER, candidate("return-how-to")), turn)
    assert {"event": "active_loop", "timestamp": None, "name": None} in events
    _, _, events = await run(FakeFinder(Outcome.MISS), turn)
    assert events == []


async def test_an_answer_too_late_is_a_failure_and_not_a_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AnswerFaq, "deadline_seconds", 0.01)
    with pytest.raises(ActionFailure, match="deadline"):
        await run(FakeFinder(Outcome.MISS, slow_s=0.2), tracker())


async def test_a_failure_names_its_kind_and_nothing_the_customer_said(monkeypatch: pytest.MonkeyPatch) -> None:
    finder = FakeFinder(Outcome.MISS)
    monkeypatch.setattr(finder, "find", lambda *_, **__: 1 / 0)
    with pytest.raises(ActionFailure) as caught:
        await run(finder, tracker("我的卡号是123"))
    assert str(caught.value) == "action_answer_faq: ZeroDivisionError"


async def test_the_finder_is_taken_once_for_a_question() -> None:
    """A base that is swapped in the middle of a question must not answer with an entry of the other version."""
    finders = [FakeFinder(Outcome.ANSWER, candidate("return-how-to")), FakeFinder(Outcome.MISS)]

    class Swapping:
        @property
        def finder(self) -> FakeFinder:
            return finders.pop(0)

    dispatcher = CollectingDispatcher()
    await AnswerFaq(Swapping()).run(dispatcher, tracker(), {})
    assert len(finders) == 1


async def test_the_last_words_are_said_again() -> None:
    said = {
        "event": "bot",
        "text": None,
        "data": {"custom": {"jiehua": {"messages": [{"text": "甲"}, {"text": "乙"}]}}},
    }
    silent = {"event": "bot", "text": None, "data": {"custom": {"jiehua": {"messages": []}}}}
    for events, wanted in (
        ((said, silent), ["甲", "乙"]),
        (({"event": "bot", "text": "丙"},), ["丙"]),
        ((), [NOTHING_SAID]),
    ):
        dispatcher = CollectingDispatcher()
        await asyncio.wait_for(Repeat().run(dispatcher, tracker("再说一遍", events=events), {}), 5)
        assert [message["text"] for message in dispatcher.messages[0]["custom"]["jiehua"]["messages"]] == wanted
