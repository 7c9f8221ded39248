"""The Rasa training examples: enough of each intent, no example under two intents, traps where they belong."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest
import yaml

NLU = Path(__file__).parents[3] / "data" / "nlu"
ENTITY = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
ENTITIES = {"order_number", "phone", "amount", "date", "product"}
#: What callers rely on by name: the domain, the rules and the handoff triggers.
INTENTS = {
    "request_human", "cancel_handoff", "leave_message", "complain", "insult", "thanks", "helpful", "not_helpful",
    "rate_service", "greet", "goodbye", "affirm", "deny", "bot_challenge", "ask_capabilities", "repeat_request",
    "small_talk_weather", "small_talk_joke", "small_talk_mood", "small_talk_self", "order_status",
    "provide_order_number", "cancel_form", "faq",
}  # fmt: skip
#: Messages that look like a request for a person, a complaint or anger, and are not.
TRAPS = {
    "人工智能课程多少钱": "faq",
    "人工费多少": "faq",
    "人工客服几点上班": "faq",
    "怎么投诉快递员": "faq",
    "怎么撤销投诉": "faq",
    "不用转人工": "cancel_handoff",
    "你是人工还是机器人": "bot_challenge",
    "我不生气": "deny",
    "打电话给我": "request_human",
    "叫你们领导来": "request_human",
    "手机收到就碎屏了": "faq",
}


def plain(line: str) -> str:
    return ENTITY.sub(r"\1", line)


@pytest.fixture(scope="module")
def examples() -> dict[str, list[str]]:
    """Intent -> its examples as written, over all files."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(NLU.glob("*.yml")):
        document = yaml.safe_load(path.read_text("utf-8"))
        assert document["version"] == "3.1", path.name
        for block in document["nlu"]:
            lines = block["examples"].splitlines()
            assert all(line.startswith("- ") and line[2:].strip() for line in lines), (path.name, block)
            if "intent" in block:
                found[block["intent"]] += [line[2:].strip() for line in lines]
    return dict(found)


def test_the_intents_are_those_the_rest_of_the_bot_names(examples: dict[str, list[str]]) -> None:
    assert set(examples) == INTENTS


def test_every_intent_has_enough_examples_and_the_important_ones_more(examples: dict[str, list[str]]) -> None:
    few = {intent: len(lines) for intent, lines in examples.items() if len(lines) < 20}
    assert few == {}
    for intent in ("request_human", "complain", "not_helpful", "order_status", "insult", "thanks", "greet"):
        assert len(examples[intent]) >= 40, intent
    assert len(examples["faq"]) >= 250


def test_no_example_is_written_twice_under_one_intent_or_two(examples: dict[str, list[str]]) -> None:
    where: dict[str, list[str]] = defaultdict(list)
    for intent, lines in examples.items():
        for line in lines:
            where[plain(line).lower()].append(intent)
    assert {text: intents for text, intents in where.items() if len(intents) > 1} == {}


def test_entities_are_of_the_known_kinds_and_order_numbers_look_like_this_shops(
    examples: dict[str, list[str]],
) -> None:
    kinds: Counter[str] = Counter()
    for lines in examples.values():
        for value, kind in (found for line in lines for found in ENTITY.findall(line)):
            kinds[kind] += 1
            if kind == "order_number":
                assert re.fullmatch(r"(SG|sg)?\d{12}|\d{4}", value), value
            if kind == "phone":
                assert re.fullmatch(r"1[3-9]\d{9}", value), value
    assert set(kinds) == ENTITIES


@pytest.mark.parametrize(("message", "intent"), TRAPS.items())
def test_traps_are_taught_under_the_right_intent(examples: dict[str, list[str]], message: str, intent: str) -> None:
    assert [name for name, lines in examples.items() if message in map(plain, lines)] == [intent]
