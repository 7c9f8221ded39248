"""What these tests share: the domain, a real Redis, and events as turns leave them."""

from __future__ import annotations

import functools
import os
import unittest
import uuid
from pathlib import Path
from typing import Any

from bot.serve import quiet

quiet()

from rasa.shared.core.domain import Domain  # noqa: E402
from rasa.shared.core.events import BotUttered, UserUttered  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


@functools.cache
def domain() -> Domain:
    """The bot's domain."""
    return Domain.load(str(ROOT / "domain.yml"))


def redis_url() -> str:
    """The Redis that the suite has started; without it the test is skipped (CI always has one)."""
    url = os.environ.get("JIEHUA_TEST_REDIS_URL", "")
    if not url:
        if os.environ.get("CI"):
            raise AssertionError("JIEHUA_TEST_REDIS_URL is not set, and CI must set it")
        raise unittest.SkipTest("JIEHUA_TEST_REDIS_URL is not set")
    return url


def fresh_sender() -> str:
    """A bot session that no other test knows."""
    return f"c-{uuid.uuid4().hex}#1"


def said(text: str, seq: int, intent: str = "faq", confidence: float = 0.9, **parsed: Any) -> UserUttered:
    """A customer's message as the channel and the pipeline leave it in the tracker."""
    state = parsed.pop("case_state", "none")
    found = {"name": intent, "confidence": confidence}
    return UserUttered(
        text,
        found,
        [],
        {"intent": found, "intent_ranking": [found], **parsed},
        metadata={"seq": seq, "text": text, "case_state": state},
    )


def answered(outcome: str, entry_id: str = "", messages: tuple[str, ...] = (), **more: Any) -> BotUttered:
    """An action's message as it is left in the tracker."""
    payload = {"outcome": outcome, "entry_id": entry_id, "messages": [{"text": text} for text in messages], **more}
    return BotUttered(None, {"custom": {"jiehua": payload}})


def uttered(action: str, text: str = "好的") -> BotUttered:
    """A response of domain.yml as it is left in the tracker."""
    return BotUttered(text, {}, {"utter_action": action})
