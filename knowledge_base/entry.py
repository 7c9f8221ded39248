"""One FAQ entry: what is asked, in which words, and what we answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from enum import Enum
from functools import cached_property

#: The answer of a draft that nobody has written yet.
TO_BE_ANSWERED = "（请补上答案）"


class Status(str, Enum):
    """Whether editors let customers see an entry."""

    PUBLISHED = "published"
    DRAFT = "draft"
    RETIRED = "retired"


@dataclass(frozen=True)
class FaqEntry:
    """A question, other wordings of it (`variants`) and its answer (Markdown).

    `effective_from` and `effective_until` are inclusive days; no `channels` means every channel; `related` are ids of
    entries to offer next; `escalate` asks for a person beside the answer; `source` says where the fact comes from;
    `images` are paths or https addresses shown below the answer.
    """

    id: str
    question: str
    answer: str
    variants: tuple[str, ...] = ()
    category: str = ""
    tags: tuple[str, ...] = ()
    status: Status = Status.PUBLISHED
    owner: str = ""
    effective_from: date | None = None
    effective_until: date | None = None
    channels: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    escalate: bool = False
    source: str = ""
    updated: date | None = None
    images: tuple[str, ...] = ()

    @property
    def wordings(self) -> tuple[str, ...]:
        """The question and its variants, each once."""
        return tuple(dict.fromkeys((self.question, *self.variants)))

    def is_served(self, today: date, channel: str) -> bool:
        """Whether a customer on `channel` may be given this entry on the day `today`."""
        return (
            self.status is Status.PUBLISHED
            and (self.effective_from is None or self.effective_from <= today)
            and (self.effective_until is None or today <= self.effective_until)
            and (not self.channels or channel in self.channels)
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of everything the entry says; equal entries have equal digests."""
        document = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest_of(entries: Iterable[FaqEntry]) -> str:
    """SHA-256 (hex) of a set of entries, whatever their order."""
    return digest_of_digests(entry.digest for entry in entries)


def digest_of_digests(digests: Iterable[str]) -> str:
    """`digest_of` the entries that have these digests."""
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    return value
