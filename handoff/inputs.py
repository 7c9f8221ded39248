"""What comes from outside is cleaned and measured here, before anything else sees it."""

from __future__ import annotations

import re

from contracts.turn import MAX_TEXT_CHARACTERS
from handoff.errors import Invalid, TooLong

# Control characters but tab and line feed, and halves of surrogate pairs, which no UTF-8 can carry.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_NAME = re.compile(r"[^\s\x00-\x1f\ud800-\udfff]{1,128}")


def clean(text: str, limit: int | None = None) -> str:
    """The text without control characters and outer white space, cut at `limit` characters."""
    return _CONTROL.sub("", text).strip()[:limit]


def message_text(text: str) -> str:
    """A message as it is stored; raises Invalid when nothing is left of it, TooLong above the limit."""
    kept = clean(text)
    if not kept:
        raise Invalid("text: empty")
    if len(kept) > MAX_TEXT_CHARACTERS:
        raise TooLong(f"the text has {len(kept)} characters; at most {MAX_TEXT_CHARACTERS} are taken")
    return kept


def name(what: str, value: str) -> str:
    """An id, key or group name; raises Invalid naming `what`."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Invalid(f"{what}: 1 to 128 characters without white space")
    return value
