"""Cleaning what people send before anything else sees it."""

from __future__ import annotations

import re

from gateway.errors import BadRequest, TooLong

# Control characters except tab and line feed, lone surrogates (JSON can carry them, UTF-8 cannot), direction
# overrides (they let a text show other than it reads), BOM and non-characters. The zero-width joiner stays: emoji
# are built with it.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufeff\ufdd0-\ufdef\ufffe\uffff]"
)
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:\-]{0,79}")


def clean(text: str) -> str:
    """Text without control characters, with `\\n` line ends, trimmed."""
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def message(text: str, *, limit: int) -> str:
    """A message as it may be stored.

    Raises BadRequest when nothing is left of it and TooLong beyond `limit` characters.
    """
    cleaned = clean(text)
    if not cleaned:
        raise BadRequest("消息是空的，请输入内容再发送。")
    if len(cleaned) > limit:
        raise TooLong(f"消息太长了，最多 {limit} 个字，请分几次发送。")
    return cleaned


def short(text: str, *, limit: int, name: str) -> str:
    """A short optional text such as a comment; empty is fine."""
    cleaned = clean(text)
    if len(cleaned) > limit:
        raise TooLong(f"{name}太长了，最多 {limit} 个字。")
    return cleaned


def key(value: str) -> str:
    """A client-minted idempotency key or an identifier: 1 to 80 letters, digits and `_.:-`."""
    if not _KEY.fullmatch(value):
        raise BadRequest("key 只能是 1 到 80 个字母、数字或 _.:- 。")
    return value
