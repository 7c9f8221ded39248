# ruff: noqa: PT009, PT027 (these tests run on unittest alone)
from __future__ import annotations

import unittest

from rasa.shared.core.events import ActionExecuted, BotUttered

from bot.escalation_policy import ESCALATION
from bot.result import SilentTurn, result_of
from contracts.codec import ContractError
from contracts.escalation import Reason
from tests.rasa_env.support import answered, said, uttered

FINDING = {"outcome": "miss", "candidates": [], "version": "v1", "why": "", "took_ms": 1.0}


def called(reason: str) -> ActionExecuted:
    escalation = {"reason": reason, "evidence": [{"signal": "x", "detail": "", "value": 1.0, "seq": 1}]}
    return ActionExecuted(f"utter_hand_over_{reason}", metadata={ESCALATION: escalation})


class TheResultOfATurn(unittest.TestCase):
    def test_it_holds_what_was_said_understood_and_found(self) -> None:
        result = result_of([said("怎么退货", 3), answered("miss", messages=("没找到",), finding=FINDING)])
        self.assertEqual(["没找到"], [message.text for message in result.messages])
        self.assertEqual("v1", result.understanding.finding.version)
        self.assertEqual(("faq", 0.9), (result.understanding.intent.name, result.understanding.intent.confidence))
        self.assertIsNone(result.escalation)

    def test_a_response_keeps_its_buttons(self) -> None:
        event = BotUttered(
            "您好", {"buttons": [{"title": "转人工", "payload": "request_human"}]}, {"utter_action": "utter_x"}
        )
        button = result_of([said("你好", 1), event]).messages[0].buttons[0]
        self.assertEqual(("转人工", "request_human", None), (button.title, button.payload, button.choice))

    def test_the_escalation_comes_with_its_evidence(self) -> None:
        result = result_of([said("转人工", 1), called("explicit_request"), uttered("utter_hand_over_explicit_request")])
        self.assertIs(Reason.EXPLICIT_REQUEST, result.escalation.reason)
        self.assertEqual(1, result.escalation.evidence[0].seq)

    def test_a_miss_that_calls_a_person_is_admitted_once(self) -> None:
        events = [said("月亮", 1), answered("miss", messages=("没找到",)), called("misses"), uttered("x", "转给客服")]
        self.assertEqual(["转给客服"], [message.text for message in result_of(events).messages])

    def test_an_answer_that_calls_a_person_is_still_given(self) -> None:
        events = [
            said("烫伤了", 1),
            answered("answer", "e", ("先冲凉水",)),
            called("sensitive"),
            uttered("x", "转给客服"),
        ]
        self.assertEqual(["先冲凉水", "转给客服"], [message.text for message in result_of(events).messages])

    def test_saying_nothing_is_a_failure_unless_an_action_means_it(self) -> None:
        with self.assertRaisesRegex(SilentTurn, "action_answer_faq"):
            result_of([said("在", 1), ActionExecuted("action_answer_faq")])
        self.assertEqual((), result_of([said("在", 1), answered("miss", noted=True)]).messages)

    def test_a_message_that_does_not_fit_its_type_is_a_failure(self) -> None:
        broken = BotUttered(None, {"custom": {"jiehua": {"outcome": "answer", "messages": [{"text": 5}]}}})
        with self.assertRaises(ContractError):
            result_of([said("在", 1), broken])

    def test_entities_point_into_the_customers_own_words(self) -> None:
        event = said(
            "单号sg202611030017",
            1,
            entities=[{"entity": "order_number", "value": "SG202611030017", "start": 2, "end": 16}],
        )
        event.metadata["text"] = "  单号 ：SG202611030017"
        event.text = "单号sg202611030017"
        entity = result_of([event, uttered("x")]).understanding.entities[0]
        self.assertEqual("SG202611030017", event.metadata["text"][entity.start : entity.end])


if __name__ == "__main__":
    unittest.main()
