# ruff: noqa: PT009 (these tests run on unittest alone)
from __future__ import annotations

import unittest
from unittest import mock

from rasa.core.policies.ensemble import DefaultPolicyPredictionEnsemble
from rasa.core.policies.policy import PolicyPrediction
from rasa.shared.core.events import ActionExecuted, ActiveLoop, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker

from bot.escalation_policy import ESCALATION, EscalationPolicy
from bot.triggers_now import laid_over
from tests.rasa_env.support import answered, domain, fresh_sender, said, uttered


def tracker_of(*events: object) -> DialogueStateTracker:
    return DialogueStateTracker.from_events(fresh_sender(), list(events), domain().slots)


class TheEscalationPolicy(unittest.TestCase):
    def setUp(self) -> None:
        context = mock.Mock(is_finetuning=False)
        self.policy = EscalationPolicy(EscalationPolicy.get_default_config(), mock.Mock(), mock.Mock(), context)

    def decide(self, *events: object) -> tuple[str, PolicyPrediction]:
        prediction = self.policy.predict_action_probabilities(tracker_of(*events), domain())
        best = prediction.max_confidence
        name = domain().action_names_or_texts[prediction.max_confidence_index] if best else ""
        return name, prediction

    def test_it_abstains_from_an_ordinary_question(self) -> None:
        self.assertEqual("", self.decide(said("怎么开发票", 1))[0])

    def test_a_request_is_obeyed_at_once_with_its_evidence(self) -> None:
        name, prediction = self.decide(said("转人工", 7, "request_human", 0.95))
        self.assertEqual("utter_hand_over_explicit_request", name)
        escalation = prediction.action_metadata[ESCALATION]
        self.assertEqual("explicit_request", escalation["reason"])
        self.assertEqual(7, escalation["evidence"][0]["seq"])

    def test_after_the_hand_over_it_listens(self) -> None:
        name, _ = self.decide(
            said("转人工", 1),
            ActionExecuted("utter_hand_over_explicit_request"),
            uttered("utter_hand_over_explicit_request"),
        )
        self.assertEqual("action_listen", name)

    def test_the_second_miss_in_a_row_calls_a_person_in_the_same_turn(self) -> None:
        first = (said("火星卖房吗", 1), ActionExecuted("action_answer_faq"), answered("miss"))
        self.assertEqual("", self.decide(*first)[0])
        second = (
            ActionExecuted("action_listen"),
            said("月亮呢", 3),
            ActionExecuted("action_answer_faq"),
            answered("miss"),
        )
        self.assertEqual("utter_hand_over_misses", self.decide(*first, *second)[0])

    def test_the_third_answer_from_the_same_entry_calls_a_person(self) -> None:
        events: list[object] = []
        for seq, text in ((1, "退款多久到账"), (3, "钱什么时候退给我"), (5, "我的钱还要等几天")):
            events += [said(text, seq), ActionExecuted("action_answer_faq"), answered("answer", "refund")]
            name, _ = self.decide(*events)
            self.assertEqual("utter_hand_over_repeated_question" if seq == 5 else "", name)
            events.append(ActionExecuted("action_listen"))

    def test_an_entry_marked_to_escalate_calls_a_person_after_its_answer(self) -> None:
        name, _ = self.decide(
            said("被烫了", 1), ActionExecuted("action_answer_faq"), answered("answer", "injury", escalate=True)
        )
        self.assertEqual("utter_hand_over_sensitive", name)

    def test_whoever_waits_already_is_never_called_for_again(self) -> None:
        waiting = {"case_state": "waiting"}
        self.assertEqual("utter_already_waiting", self.decide(said("转人工", 1, "request_human", 0.95, **waiting))[0])
        self.assertEqual("", self.decide(said("垃圾！骗子！气死我了", 1, **waiting))[0])
        miss = (ActionExecuted("action_answer_faq"), answered("miss"))
        self.assertEqual("", self.decide(said("甲", 1, **waiting), *miss, said("乙", 3, **waiting), *miss)[0])

    def test_it_outranks_rules_and_forms_and_leaves_the_form(self) -> None:
        events = (ActiveLoop("order_status_form"), SlotSet("requested_slot", "order_number"), said("转人工", 1))
        tracker = tracker_of(*events)
        ours = self.policy.predict_action_probabilities(tracker, domain())
        form = PolicyPrediction.for_action_name(domain(), "order_status_form", "RulePolicy")
        form.policy_priority, form.is_no_user_prediction = 4, True
        best = DefaultPolicyPredictionEnsemble().combine_predictions([form, ours], tracker, domain())
        self.assertEqual("utter_hand_over_explicit_request", domain().action_names_or_texts[best.max_confidence_index])
        self.assertIn(ActiveLoop(None), best.events)
        self.assertIn(SlotSet("requested_slot", None), best.events)

    def test_a_form_goes_on_when_nobody_is_called(self) -> None:
        _, prediction = self.decide(ActiveLoop("order_status_form"), said("SG202611030017", 1, "provide_order_number"))
        self.assertEqual([], prediction.events + prediction.optional_events)

    def test_a_failure_of_the_triggers_never_costs_the_turn(self) -> None:
        with (
            mock.patch("bot.escalation_policy.before_answer", side_effect=RuntimeError),
            self.assertLogs(level="ERROR"),
        ):
            self.assertEqual("", self.decide(said("转人工", 1))[0])

    def test_every_reason_that_the_triggers_know_has_words_of_its_own_or_the_general_ones(self) -> None:
        self.assertIn("utter_hand_over", domain().responses)
        with mock.patch("bot.escalation_policy.before_answer") as decided:
            from contracts.escalation import Escalation, Reason

            for reason in Reason:
                decided.return_value = Escalation(reason)
                self.assertTrue(self.decide(said("嗯", 1))[0].startswith("utter_hand_over"))

    def test_what_the_shop_has_set_holds_for_the_turn_that_carries_it_and_no_other(self) -> None:
        asked = said("帮我接值班长", 1)
        self.assertEqual("", self.decide(asked)[0])
        token = laid_over.set({"words": {"request": ["接值班长"]}})
        try:
            self.assertEqual("utter_hand_over_explicit_request", self.decide(asked)[0])
        finally:
            laid_over.reset(token)
        self.assertEqual("", self.decide(asked)[0])

    def test_settings_that_this_bot_cannot_read_leave_its_own_file(self) -> None:
        token = laid_over.set({"from": "the future"})
        try:
            with self.assertLogs(level="ERROR"):
                self.assertEqual("utter_hand_over_explicit_request", self.decide(said("转人工", 1))[0])
        finally:
            laid_over.reset(token)


if __name__ == "__main__":
    unittest.main()
