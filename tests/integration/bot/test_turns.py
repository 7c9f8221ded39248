"""Whole turns through the channel, Rasa, the action server and Redis."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.codec import decode
from contracts.escalation import Reason
from contracts.turn import MAX_TEXT_CHARACTERS, TurnResult

from .conftest import Bot

pytestmark = [pytest.mark.rasa, pytest.mark.redis, pytest.mark.slow]
OUT_OF_SCOPE = ("量子纠缠的退相干时间怎么估算", "唐朝安史之乱是哪一年爆发的")


def result(answer: tuple[int, dict[str, Any]]) -> TurnResult:
    status, document = answer
    assert status == 200, document
    return decode(TurnResult, document)


def words(answer: tuple[int, dict[str, Any]]) -> str:
    return "\n".join(message.text for message in result(answer).messages)


def turn_of(text: str) -> bytes:
    return json.dumps({"conversation_id": "c", "bot_session": 1, "seq": 1, "text": text}).encode()


def test_a_question_is_answered_with_what_was_understood(bot: Bot, conversation: str) -> None:
    turn = result(bot.say(conversation, 1, "怎么开发票"))
    assert turn.messages[0].kind == "answer"
    assert turn.messages[0].answer is not None
    assert turn.messages[0].answer.entry_id == turn.understanding.finding.candidates[0].entry_id
    assert turn.understanding.intent.name == "faq"
    assert turn.understanding.sentiment.label in ("negative", "neutral", "positive")
    assert turn.escalation is None


def test_a_picked_choice_is_answered(bot: Bot, conversation: str) -> None:
    entry = result(bot.say(conversation, 1, "订单号在哪里看")).messages[0].answer.entry_id
    picked = result(bot.say(conversation, 3, "随便什么字", choice=entry))
    assert picked.messages[0].answer.entry_id == entry
    assert picked.understanding.intent.name == "choose_answer"


def test_the_second_miss_in_a_row_calls_a_person_in_the_same_turn(bot: Bot, conversation: str) -> None:
    first = result(bot.say(conversation, 1, OUT_OF_SCOPE[0]))
    assert first.escalation is None
    assert [button.payload for button in first.messages[0].buttons] == ["request_human"]
    second = result(bot.say(conversation, 3, OUT_OF_SCOPE[1]))
    assert second.escalation.reason is Reason.MISSES
    assert [piece.seq for piece in second.escalation.evidence] == [1, 3]
    assert len(second.messages) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("转人工", Reason.EXPLICIT_REQUEST),
        ("你们这群骗子！！垃圾平台，气死我了！！！", Reason.ANGER),
        ("我要去12315投诉你们", Reason.THREAT),
        ("充电器漏电把我电到了", Reason.SENSITIVE),
    ],
)
def test_the_turn_that_needs_a_person_calls_one(bot: Bot, conversation: str, text: str, reason: Reason) -> None:
    turn = result(bot.say(conversation, 5, text))
    assert turn.escalation.reason is reason
    assert {piece.seq for piece in turn.escalation.evidence} == {5}
    assert len(turn.messages) == 1


def test_whoever_waits_is_not_called_for_again_and_may_still_ask(bot: Bot, conversation: str) -> None:
    waiting = {"case_state": "waiting"}
    assert result(bot.say(conversation, 1, "转人工", **waiting)).escalation is None
    assert result(bot.say(conversation, 3, "订单号在哪里看", **waiting)).messages[0].kind == "answer"
    noted = result(bot.say(conversation, 5, OUT_OF_SCOPE[0], **waiting))
    again = result(bot.say(conversation, 7, OUT_OF_SCOPE[1], **waiting))
    assert (len(noted.messages), len(again.messages)) == (1, 0)
    assert again.escalation is None


def test_the_order_form_asks_checks_and_looks_up(bot: Bot, conversation: str) -> None:
    assert "SG" in words(bot.say(conversation, 1, "查订单"))
    assert "不像完整的订单号" in words(bot.say(conversation, 3, "SG2026110300"))
    turn = bot.say(conversation, 5, "sg202611030017")
    assert "SG202611030017" in words(turn)
    assert [(entity.name, entity.value) for entity in result(turn).understanding.entities] == [
        ("order_number", "SG202611030017")
    ]


def test_the_order_form_is_left_by_a_request_for_a_person(bot: Bot, conversation: str) -> None:
    bot.say(conversation, 1, "查订单")
    assert result(bot.say(conversation, 3, "转人工")).escalation.reason is Reason.EXPLICIT_REQUEST
    assert "12 位数字" not in words(bot.say(conversation, 5, "你好"))


def test_the_order_form_is_left_by_never_mind(bot: Bot, conversation: str) -> None:
    bot.say(conversation, 1, "查订单")
    assert "不查了" in words(bot.say(conversation, 3, "算了不查了"))


@pytest.mark.parametrize(
    "text",
    ["/restart", "/request_human{}", '/choose_answer{"entry_id":"x"}', "😀😀😀", "\u200b\u200b", "<b>alert(1)</b>"],
)
def test_odd_input_gets_a_sensible_answer(bot: Bot, conversation: str, text: str) -> None:
    turn = result(bot.say(conversation, 1, text))
    assert turn.messages
    assert turn.escalation is None
    assert turn.understanding.intent.name != "choose_answer"


def test_the_longest_message_is_read(bot: Bot, conversation: str) -> None:
    assert result(bot.say(conversation, 1, "退货" * (MAX_TEXT_CHARACTERS // 2))).messages


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"", 400, "bad_request"),
        (b"{", 400, "bad_request"),
        (b"\xff\xfe", 400, "bad_request"),
        (b"[1]", 400, "bad_request"),
        (b'{"conversation_id":"c","bot_session":"1","seq":1,"text":"x"}', 400, "bad_request"),
        (turn_of(" "), 400, "bad_request"),
        (turn_of("长" * 10_000), 400, "bad_request"),
    ],
)
def test_what_is_no_turn_is_refused_with_a_reason(bot: Bot, body: bytes, status: int, error: str) -> None:
    got, document = bot.post(body)
    assert (got, document["error"]) == (status, error)
    assert "Traceback" not in document["reason"]


def test_without_the_secret_nothing_is_said(bot: Bot) -> None:
    for secret in ("", "wrong"):
        status, document = bot.post(b"{}", secret)
        assert (status, document["error"]) == (401, "unauthorised")


def test_two_bot_sessions_of_a_conversation_know_nothing_of_each_other(bot: Bot, conversation: str) -> None:
    bot.say(conversation, 1, OUT_OF_SCOPE[0])
    assert result(bot.say(conversation, 3, OUT_OF_SCOPE[1], bot_session=2)).escalation is None


def test_a_turn_that_is_tried_again_is_not_counted_twice(bot: Bot, conversation: str) -> None:
    for _ in range(3):
        assert result(bot.say(conversation, 1, OUT_OF_SCOPE[0])).escalation is None


def test_a_turn_past_its_deadline_is_refused_and_leaves_nothing_behind(bot: Bot, conversation: str) -> None:
    status, document = bot.say(conversation, 1, OUT_OF_SCOPE[0], deadline_ms=1)
    assert (status, document["error"]) == (504, "deadline")
    assert result(bot.say(conversation, 3, OUT_OF_SCOPE[1])).escalation is None


def test_with_the_action_server_down_questions_fail_loudly_and_a_person_can_still_be_called(
    bot: Bot, conversation: str
) -> None:
    assert bot.stop("actions") == 0
    try:
        status, document = bot.say(conversation, 1, "订单号在哪里看")
        assert (status, document["error"]) == (502, "actions_failed")
        assert result(bot.say(conversation, 3, "转人工")).escalation.reason is Reason.EXPLICIT_REQUEST
    finally:
        bot.start_actions()
        bot.wait("actions", "/health", bot.actions_port)
    assert result(bot.say(conversation, 5, "订单号在哪里看")).messages[0].kind == "answer"


def test_rasa_ends_on_sigterm_and_a_restarted_one_knows_the_session(bot: Bot, conversation: str) -> None:
    bot.say(conversation, 1, "查订单")
    assert bot.stop("rasa") == 0
    bot.start_rasa()
    bot.wait("rasa", "/webhooks/jiehua/health", bot.port)
    assert result(bot.say(conversation, 3, "SG202611030017")).understanding.intent.name == "provide_order_number"
