"""The Rasa files as text: what must agree with what, checked without Rasa."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from actions.answer_faq import _REPLIES
from contracts.escalation import Reason


@pytest.fixture(scope="module")
def domain(root: Path) -> dict[str, Any]:
    return yaml.safe_load((root / "domain.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def nlu_intents(root: Path) -> set[str]:
    found = set()
    for path in (root / "data" / "nlu").glob("*.yml"):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            if "intent" in block:
                found.add(block["intent"])
    return found


def rules(root: Path) -> list[dict[str, Any]]:
    return [
        rule
        for path in sorted((root / "data" / "rules").glob("*.yml"))
        for rule in yaml.safe_load(path.read_text(encoding="utf-8"))["rules"]
    ]


def test_every_intent_with_examples_is_in_the_domain_and_there_are_at_least_twenty(
    domain: dict[str, Any], nlu_intents: set[str]
) -> None:
    assert nlu_intents <= set(domain["intents"])
    assert len(nlu_intents) >= 20


def test_every_intent_has_a_rule(root: Path, domain: dict[str, Any]) -> None:
    ruled = {step["intent"] for rule in rules(root) for step in rule["steps"] if "intent" in step}
    assert set(domain["intents"]) - ruled == set()


def test_every_action_of_a_rule_exists(root: Path, domain: dict[str, Any]) -> None:
    known = {*domain["actions"], *domain["responses"], *domain["forms"], "action_deactivate_loop"}
    used = {step["action"] for rule in rules(root) for step in rule["steps"] if "action" in step}
    assert used - known == set()


def test_every_reply_of_the_faq_action_exists(domain: dict[str, Any]) -> None:
    assert set(_REPLIES.values()) <= set(domain["responses"])


def test_the_bot_has_words_for_every_reason_it_can_find_itself(domain: dict[str, Any]) -> None:
    not_its_own = {Reason.BOT_UNAVAILABLE, Reason.DOWNVOTE, Reason.PERSON_FIRST, Reason.SUPERVISOR}
    wanted = {f"utter_hand_over_{reason.value}" for reason in Reason if reason not in not_its_own}
    assert wanted <= set(domain["responses"])


def test_replies_are_short_and_promise_no_time(domain: dict[str, Any]) -> None:
    for name, variants in domain["responses"].items():
        for variant in variants:
            sentences = [
                part for part in variant["text"].replace("？", "。").replace("！", "。").split("。") if part.strip()
            ]
            assert len(sentences) <= 3, name
            assert not any(word in variant["text"] for word in ("分钟内", "小时内", "立即解决", "保证")), name


def test_no_slot_and_no_entity_decides_what_happens_next(domain: dict[str, Any]) -> None:
    for entity in domain["entities"]:
        assert next(iter(entity.values()))["influence_conversation"] is False
    for slot in domain["slots"].values():
        assert slot["influence_conversation"] is False
