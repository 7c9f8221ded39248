# ruff: noqa: PT009 (these tests run on unittest alone)
from __future__ import annotations

import unittest

from bot.signals import intents, turn_signals
from tests.rasa_env.support import answered, said, uttered


class TurnSignalsOfATracker(unittest.TestCase):
    def test_each_message_is_a_turn_with_what_came_of_it(self) -> None:
        history = turn_signals(
            [
                said("你好", 1, "greet"),
                uttered("utter_greet"),
                said("怎么退货", 3),
                answered("answer", "return-how-to", escalate=True),
                said("查订单", 5, "order_status"),
                uttered("utter_ask_order_number"),
                said("月亮上呢", 7),
                answered("miss"),
                said("还没答", 9),
            ]
        )
        self.assertEqual(["chat", "answer", "form", "miss", "none"], [turn.outcome for turn in history])
        self.assertEqual([1, 3, 5, 7, 9], [turn.seq for turn in history])
        self.assertEqual("return-how-to", history[1].entry_id)
        self.assertTrue(history[1].entry_escalates)

    def test_the_history_starts_anew_after_a_person_was_called(self) -> None:
        history = turn_signals([said("转人工", 1), uttered("utter_hand_over_explicit_request"), said("怎么退货", 3)])
        self.assertEqual([3], [turn.seq for turn in history])

    def test_a_turn_that_is_tried_again_counts_once(self) -> None:
        history = turn_signals([said("怎么退货", 1), answered("miss"), said("怎么退货", 1)])
        self.assertEqual([(1, "none")], [(turn.seq, turn.outcome) for turn in history])

    def test_a_vote_against_the_answer_counts_only_when_the_classifier_is_sure(self) -> None:
        history = turn_signals([said("没用", 1, "not_helpful", 0.9), said("那个", 3, "not_helpful", 0.3)])
        self.assertEqual([True, False], [turn.not_helpful for turn in history])

    def test_mood_and_repeat_are_taken_over(self) -> None:
        mood = {
            "label": "negative", "negative": 0.9, "neutral": 0.1, "positive": 0.0,
            "anger": 2.5, "wants_human": 0.1, "threat": 0.0, "words": [["垃圾", 1.5]],
        }  # fmt: skip
        turn = turn_signals([said("垃圾", 5, sentiment=mood, repeat={"of": 3, "similarity": 0.8})])[0]
        self.assertEqual((2.5, (("垃圾", 1.5),)), (turn.sentiment.anger, turn.sentiment.words))
        self.assertEqual((3, 0.8), (turn.repeat_of, turn.repeat_similarity))

    def test_the_same_answer_once_more_is_the_same_question_in_other_words(self) -> None:
        first = (said("退款多久", 1), answered("answer", "e"))
        history = turn_signals(
            [*first, said("钱呢", 3), answered("answer", "e"), said("发票", 5), answered("answer", "f")]
        )
        self.assertEqual([None, 1, None], [turn.repeat_of for turn in history])

    def test_a_stored_mood_that_does_not_fit_is_left_out(self) -> None:
        self.assertIsNone(turn_signals([said("嗯", 1, sentiment={"label": "neutral"})])[0].sentiment)

    def test_the_intents_are_the_classifiers_not_where_the_message_went(self) -> None:
        ranking = [{"name": "nlu_fallback", "confidence": 0.35}, {"name": "greet", "confidence": 0.3}]
        found = intents({"intent": {"name": "faq", "confidence": 0.1}, "intent_ranking": ranking})
        self.assertEqual([("greet", 0.3)], [(intent.name, intent.confidence) for intent in found])


if __name__ == "__main__":
    unittest.main()
