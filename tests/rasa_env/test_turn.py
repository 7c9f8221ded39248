# ruff: noqa: PT009, PT027 (these tests run on unittest alone)
from __future__ import annotations

import unittest

from rasa.core.channels.channel import CollectingOutputChannel

from bot.channel import JiehuaChannel, SecretMissing, checked
from bot.turn import readable, sender_of, user_message
from contracts.codec import ContractError
from contracts.turn import MAX_TEXT_CHARACTERS, TurnRequest
from tests.rasa_env import support  # noqa: F401 (silences Rasa before it is imported)


def message(text: str, **more: object):
    return user_message(TurnRequest("c1", 2, 5, text, **more), CollectingOutputChannel())


class AMessageForRasa(unittest.TestCase):
    def test_a_typed_command_loses_its_slash_and_is_only_text(self) -> None:
        for typed in ("/restart", "//request_human{}", " / /faq", "／restart"):
            made = message(typed)
            self.assertFalse(made.text.startswith("/"), typed)
            self.assertIsNone(made.parse_data)

    def test_the_customers_own_words_stay_in_the_metadata(self) -> None:
        made = message("掃地機器人　ＶＩＰ", vip=True, channel="wx", case_state="waiting")
        self.assertEqual("扫地机器人 vip", made.text)
        self.assertEqual("掃地機器人　ＶＩＰ", made.metadata["text"])
        self.assertEqual(
            (5, "wx", "waiting", True), tuple(made.metadata[k] for k in ("seq", "channel", "case_state", "vip"))
        )

    def test_a_choice_is_an_intent_that_no_text_can_be(self) -> None:
        made = message("怎么申请退货", choice="return-how-to")
        self.assertEqual("choose_answer", made.parse_data["intent"]["name"])
        self.assertEqual("return-how-to", made.metadata["choice"])

    def test_invisible_characters_are_an_unclear_message_not_a_crash(self) -> None:
        made = message("\u200b\u200b")
        self.assertEqual("nlu_fallback", made.parse_data["intent"]["name"])
        self.assertEqual("", readable("\u200b\x00"))

    def test_each_bot_session_has_a_tracker_of_its_own(self) -> None:
        self.assertEqual("c1#2", sender_of(TurnRequest("c1", 2, 5, "你好")))
        self.assertNotEqual(sender_of(TurnRequest("c1", 1, 1, "")), sender_of(TurnRequest("c1", 2, 1, "")))


class TheChannel(unittest.TestCase):
    def test_it_refuses_to_start_without_a_secret(self) -> None:
        with self.assertRaises(SecretMissing):
            JiehuaChannel("")

    def test_it_refuses_what_no_turn_can_be_made_of_and_names_the_field(self) -> None:
        good = TurnRequest("c1", 1, 1, "你好")
        self.assertEqual(good, checked(good))
        for field, request in (
            ("text", TurnRequest("c1", 1, 1, " ")),
            ("text", TurnRequest("c1", 1, 1, "长" * (MAX_TEXT_CHARACTERS + 1))),
            ("conversation_id", TurnRequest("", 1, 1, "你好")),
            ("conversation_id", TurnRequest("c" * 500, 1, 1, "你好")),
            ("choice", TurnRequest("c1", 1, 1, "你好", choice="")),
            ("deadline_ms", TurnRequest("c1", 1, 1, "你好", deadline_ms=0)),
        ):
            with self.assertRaisesRegex(ContractError, field):
                checked(request)


if __name__ == "__main__":
    unittest.main()
