"""Cleaning what people send."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import text
from gateway.errors import BadRequest, TooLong


@given(st.text(alphabet=st.characters(), max_size=200))
@settings(max_examples=100, deadline=None)
def test_clean_text_can_always_be_stored_and_is_clean_already(words: str) -> None:
    cleaned = text.clean(words)
    cleaned.encode("utf-8")
    assert text.clean(cleaned) == cleaned
    assert "\x00" not in cleaned
    assert cleaned == cleaned.strip()


@pytest.mark.parametrize("words", ["", "  ", "\n", "\x00\x1b", "\u202e", "\ud83d"])
def test_nothing_left_is_refused(words: str) -> None:
    with pytest.raises(BadRequest):
        text.message(words, limit=10)


def test_the_limit_counts_characters_after_cleaning() -> None:
    assert text.message("  十个字十个字十个字十 ", limit=10) == "十个字十个字十个字十"
    with pytest.raises(TooLong, match="10"):
        text.message("十" * 11, limit=10)


def test_emoji_sequences_stay_whole() -> None:
    assert text.clean("👨\u200d👩\u200d👧") == "👨\u200d👩\u200d👧"


@pytest.mark.parametrize("key", ["", "a b", "k" * 81, "汉", "-a", "a\n", "a/b"])
def test_odd_keys_are_refused(key: str) -> None:
    with pytest.raises(BadRequest):
        text.key(key)


@pytest.mark.parametrize("key", ["a", "k1", "3f2b8c1e-77aa-4a3e-9d2e-1c2d3e4f5a6b", "k" * 80])
def test_usual_keys_are_taken(key: str) -> None:
    assert text.key(key) == key
