"""What an editor should look at in one entry by itself: dates, wordings, links, words that promise too much.

Everything here is a warning for people; nothing keeps an entry from being served.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from knowledge_base.entry import TO_BE_ANSWERED, FaqEntry, Status
from knowledge_base.links import links_of
from knowledge_base.promises import Promise
from language.normalise import normalise

FEW_VARIANTS = 2
SOON_DAYS = 14
#: An answer that nobody has looked at for so long is due for review.
REVIEW_DAYS = 180


@dataclass(frozen=True)
class Advice:
    """One thing to look at: the field it is about, what of the field's text shows it ("": the whole), and the words."""

    field: str
    quote: str
    what: str
    how: str


class Due(str, Enum):
    """Why an entry that customers may see should be looked at by its owner."""

    EXPIRED = "expired"
    EXPIRES_SOON = "expires_soon"
    REVIEW = "review"


def advice(entry: FaqEntry, today: date, promises: Sequence[Promise]) -> list[Advice]:
    """Every check that one entry takes; dates, wordings and placeholders only where customers see it."""
    found: list[Advice] = []
    if entry.status is Status.PUBLISHED:
        found += [*_dates(entry, today), *_thin(entry), *_unwritten(entry)]
    if entry.status is not Status.RETIRED:
        found += [*_links(entry), *_promises(entry, promises)]
    return found


def due(entry: FaqEntry, today: date, *, review_days: int = REVIEW_DAYS) -> Due | None:
    """Whether a published entry has expired, will within `SOON_DAYS`, or was last checked too long ago."""
    if entry.status is not Status.PUBLISHED:
        return None
    until = entry.effective_until
    if until is not None and until < today:
        return Due.EXPIRED
    if until is not None and until <= today + timedelta(days=SOON_DAYS):
        return Due.EXPIRES_SOON
    if entry.updated is None or entry.updated + timedelta(days=review_days) <= today:
        return Due.REVIEW
    return None


def bare(wording: str) -> str:
    """A wording without punctuation and spaces: two that are the same then are the same question."""
    return "".join(c for c in normalise(wording) if c.isalnum())


def _dates(entry: FaqEntry, today: date) -> Iterator[Advice]:
    until = entry.effective_until
    if until is not None and until < today:
        what, how = f"已于 {until} 失效，不再回答客户", "更新失效日，或改为 status: retired"
        yield Advice("effective_until", "", what, how)
    elif until is not None and until <= today + timedelta(days=SOON_DAYS):
        yield Advice("effective_until", "", f"将于 {until} 失效", "到期前确认是否延长")


def _thin(entry: FaqEntry) -> Iterator[Advice]:
    count = len(entry.wordings) - 1
    if count < FEW_VARIANTS:
        yield Advice("variants", "", f"只有 {count} 个相似问法", "补上客户常用的说法，口语和关键词各写一两个")


def _unwritten(entry: FaqEntry) -> Iterator[Advice]:
    if TO_BE_ANSWERED in entry.answer:
        what, how = "已发布，答案却还是占位的文字", "写上答案，或改回 status: draft"
        yield Advice("answer", TO_BE_ANSWERED, what, how)


def _links(entry: FaqEntry) -> Iterator[Advice]:
    of_answer = len(links_of(entry.answer))
    for at, link in enumerate(links_of(entry.answer, entry.images)):
        if link.fault is not None:
            yield Advice("answer" if at < of_answer else "images", link.target, *link.fault)


def _promises(entry: FaqEntry, promises: Sequence[Promise]) -> Iterator[Advice]:
    for one in promises:
        if one.said_in(entry.answer):
            how = one.instead or "改成有依据的说法，或写明条件"
            yield Advice("answer", one.word, f"答案里有承诺性的词「{one.word}」", how)
