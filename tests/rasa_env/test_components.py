# ruff: noqa: PT009, PT027 (these tests run on unittest alone)
from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
from rasa.engine.graph import GraphSchema, SchemaNode
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.components.chat_guard import ChatGuard, left_over
from bot.components.classifier import LinearIntents
from bot.components.repeat import REPEAT, RepeatDetector
from bot.components.sentiment import SENTIMENT, SentimentReader
from bot.components.tokenizer import ShopTokenizer
from bot.lean import PlainRunner
from tests.rasa_env.support import fresh_sender, said


def message(text: str, intent: str = "faq", confidence: float = 0.9, **more: object) -> Message:
    found = {"name": intent, "confidence": confidence}
    return Message({TEXT: text, INTENT: found, "intent_ranking": [found], **more})


def tracker(*events: object) -> DialogueStateTracker:
    return DialogueStateTracker.from_events(fresh_sender(), list(events))


class TheTokenizer(unittest.TestCase):
    def test_it_cuts_normalised_text_and_drops_white_space(self) -> None:
        tokenizer = ShopTokenizer({**ShopTokenizer.get_default_config()}, mock.Mock(), mock.Mock())
        tokens = tokenizer.tokenize(Message({TEXT: "ＶＩＰ１２３ 怎麼退貨"}), TEXT)
        self.assertIn("vip123", [token.text for token in tokens])
        self.assertEqual("vip123怎么退货", "".join(token.text for token in tokens))

    def test_another_dictionary_is_another_fingerprint(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            config = {"dictionary_path": folder}
            Path(folder, "shop.txt").write_text("保价 3\n", encoding="utf-8")
            before = ShopTokenizer.fingerprint_addon(config)
            self.assertEqual(before, ShopTokenizer.fingerprint_addon(config))
            Path(folder, "shop.txt").write_text("保价 3\n花呗 3\n", encoding="utf-8")
            self.assertNotEqual(before, ShopTokenizer.fingerprint_addon(config))


class TheClassifier(unittest.TestCase):
    def test_it_gives_the_probabilities_that_scikit_learn_gives(self) -> None:
        from scipy.sparse import csr_matrix

        random = np.random.default_rng(7)
        features = csr_matrix(random.random((60, 12)) * (random.random((60, 12)) < 0.4))
        labels = np.array(["甲", "乙", "丙"])[random.integers(0, 3, 60)]
        classifier = LinearIntents(LinearIntents.get_default_config(), "x", mock.Mock(), mock.Mock())
        classifier.clf.fit(features, labels)
        messages = [Message({TEXT: str(row)}) for row in range(5)]
        with mock.patch.object(classifier, "_create_X", return_value=features[:5]):
            classifier.process(messages)
        for row, wanted in zip(messages, classifier.clf.predict_proba(features[:5])):
            given = {found["name"]: found["confidence"] for found in row.get("intent_ranking")}
            np.testing.assert_allclose([given[name] for name in classifier.clf.classes_], wanted, atol=1e-9)
            self.assertEqual(row.get("intent_ranking")[0], row.get(INTENT))


class TheChatGuard(unittest.TestCase):
    def setUp(self) -> None:
        self.guard = ChatGuard(ChatGuard.get_default_config())

    def routed(self, given: Message, *events: object) -> str:
        return str(self.guard.process([given], tracker(*events))[0].get(INTENT)["name"])

    def test_a_question_behind_a_greeting_is_a_question(self) -> None:
        self.assertEqual("faq", self.routed(message("你好，请问怎么申请退货", "greet", 0.7)))
        self.assertEqual("greet", self.routed(message("你好，在吗", "greet", 0.7)))

    def test_what_the_classifier_is_sure_of_stays(self) -> None:
        self.assertEqual("small_talk_joke", self.routed(message("给我讲个冷笑话听听呗", "small_talk_joke", 0.97)))
        self.assertEqual("faq", self.routed(message("明天一早就走，现在不要了损失大吗", "small_talk_weather", 0.78)))

    def test_a_complaint_is_looked_up_first_and_an_insult_never(self) -> None:
        self.assertEqual("faq", self.routed(message("机器都被拉走五天了，我的钱还没影", "complain", 0.99)))
        self.assertEqual("insult", self.routed(message("你们这帮人真是有毛病吧", "insult", 0.4)))

    def test_digits_are_an_order_number_only_when_one_is_found(self) -> None:
        self.assertEqual("faq", self.routed(message("我家主卧18平，朝西的，1.5的够劲不", "provide_order_number", 0.99)))
        found = [{"entity": "order_number", "value": "SG202611030017"}]
        given = message("是这个sg202611030017麻烦看一下", "provide_order_number", 0.9, **{ENTITIES: found})
        self.assertEqual("provide_order_number", self.routed(given))

    def test_the_ranking_keeps_what_the_classifier_saw(self) -> None:
        given = message("明天一早就走，现在不要了损失大吗", "small_talk_weather", 0.78)
        self.guard.process([given], tracker())
        self.assertEqual("small_talk_weather", given.get("intent_ranking")[0]["name"])

    def test_courtesies_are_not_counted(self) -> None:
        self.assertEqual(0, left_over("你好呀，请问在吗？谢谢！"))
        self.assertEqual(4, left_over("您好，怎么退货呢"))


class TheRepeatDetector(unittest.TestCase):
    def setUp(self) -> None:
        vectors = {"怎么退货": [1, 0], "退货怎么弄": [0.9, 0.4359], "发票": [0, 1]}
        encoder = mock.Mock(encode=lambda texts: np.array([vectors[text] for text in texts], np.float32))
        self.detector = RepeatDetector(RepeatDetector.get_default_config(), encoder)

    def repeat(self, text: str, seq: int, *events: object, intent: str = "faq") -> dict | None:
        given = message(text, intent, metadata={"seq": seq})
        return self.detector.process([given], tracker(*events))[0].get(REPEAT)

    def test_the_nearest_earlier_question_is_named(self) -> None:
        found = self.repeat("退货怎么弄", 5, said("发票", 1), said("怎么退货", 3))
        self.assertEqual((3, 0.9), (found["of"], round(found["similarity"], 3)))

    def test_something_else_repeats_nothing(self) -> None:
        self.assertIsNone(self.repeat("发票", 3, said("怎么退货", 1)))
        self.assertIsNone(self.repeat("怎么退货", 1))

    def test_a_turn_that_is_tried_again_is_not_its_own_repetition(self) -> None:
        self.assertIsNone(self.repeat("怎么退货", 3, said("怎么退货", 3)))

    def test_courtesies_are_no_questions(self) -> None:
        self.assertIsNone(self.repeat("怎么退货", 3, said("怎么退货", 1, "greet")))
        self.assertIsNone(self.repeat("怎么退货", 3, said("怎么退货", 1), intent="greet"))

    def test_a_failure_costs_the_repeat_never_the_turn(self) -> None:
        with self.assertLogs(level="ERROR"):
            self.assertIsNone(self.repeat("没有向量", 3, said("怎么退货", 1)))


class TheSentimentReader(unittest.TestCase):
    def test_a_failure_costs_the_mood_never_the_turn(self) -> None:
        reader = SentimentReader(mock.Mock(read=mock.Mock(side_effect=RuntimeError)))
        with self.assertLogs(level="ERROR"):
            self.assertIsNone(reader.process([message("你好")])[0].get(SENTIMENT))


class ThePlainRunner(unittest.TestCase):
    def runner(self, needs: dict[str, dict[str, str]]) -> PlainRunner:
        ran: list[str] = []
        self.ran = ran

        def node(name: str):
            def call(*inputs: tuple[str, object]) -> tuple[str, object]:
                ran.append(name)
                return name, [name, *(value for _, value in inputs)]

            return call

        schema = GraphSchema(
            {n: SchemaNode(needs=w, uses=mock.Mock, fn="", constructor_name="", config={}) for n, w in needs.items()}
        )
        return PlainRunner(schema, {name: node(name) for name in needs})

    def test_each_node_runs_once_after_those_it_needs_and_others_do_not_run(self) -> None:
        runner = self.runner({"c": {"x": "a", "y": "b"}, "b": {"x": "a"}, "a": {"x": "given"}, "other": {"x": "a"}})
        for _ in range(2):
            self.ran.clear()
            result = runner.run({"given": 1}, ["c"])
            self.assertEqual(["a", "b", "c"], self.ran)
            self.assertEqual(["c"], list(result))

    def test_a_node_whose_input_nothing_provides_is_named(self) -> None:
        from rasa.engine.exceptions import GraphRunError

        with self.assertRaisesRegex(GraphRunError, "given"):
            self.runner({"a": {"x": "given"}}).run({}, ["a"])


if __name__ == "__main__":
    unittest.main()
