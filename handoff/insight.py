"""What customers talk about: topics by day, what makes them angry, products named. Pure, from the archive's threads.

A question's topic is the category of the entry that answered it or came nearest, else that entry's own question; what
the finder had nothing for has no topic. Small talk and what was said to a person are left out. A question is negative
when the bot heard it as negative, or as angry (from `ANGRY` of 3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from contracts.understanding import Understanding
from handoff.brief import understandings
from handoff.contacts import Exchange, Reaction, exchanges
from handoff.days import between, day_of
from handoff.model import Thread

ANGRY = 1.0
PRODUCT = "product"
#: What a topic is called whose questions are near to no entry.
NO_TOPIC = ""
_QUESTION = frozenset({Reaction.ANSWER, Reaction.CLARIFY, Reaction.MISS})


@dataclass(frozen=True)
class Counted:
    """A topic or a product: how often it came up, how often in anger, how often without an answer; `by_day` as
    `Insight.days`."""

    name: str
    n: int
    negative: int
    missed: int
    by_day: tuple[int, ...]

    @property
    def negative_share(self) -> float:
        """Negative questions among all, from 0 to 1."""
        return self.negative / self.n


@dataclass(frozen=True)
class Insight:
    """What was talked about on `days`; topics and products with the most first."""

    days: tuple[date, ...]
    questions: tuple[int, ...]
    negative: tuple[int, ...]
    topics: tuple[Counted, ...]
    products: tuple[Counted, ...]


def insight(
    threads: Iterable[Thread],
    *,
    first: date,
    last: date,
    zone: ZoneInfo,
    categories: Mapping[str, str] | None = None,
) -> Insight:
    """Count what was asked from `first` to `last`, both included, on the days of `zone`.

    `threads` are the conversations active then; `categories` names the category of FAQ entries.
    """
    days = tuple(between(first, last))
    tally = _Tally({day: at for at, day in enumerate(days)}, zone, dict(categories or {}))
    for thread in threads:
        tally.count(thread)
    topics, products = tally.by_topic(), tally.counted(tally.products)
    return Insight(days, tuple(tally.asked), tuple(tally.negative), topics, products)


def table(found: Insight) -> list[list[str]]:
    """The insight as rows for a spreadsheet: one row for each topic or product, one column for each day."""
    header = ["kind", "name", "questions", "negative", "unanswered", *(day.isoformat() for day in found.days)]
    missed = sum(one.missed for one in found.topics)
    everything = Counted("", sum(found.questions), sum(found.negative), missed, found.questions)
    rows = [
        ("all", everything),
        *(("topic", one) for one in found.topics),
        *(("product", one) for one in found.products),
    ]
    counted = [[kind, one.name, *map(str, (one.n, one.negative, one.missed, *one.by_day))] for kind, one in rows]
    return [header, *counted]


@dataclass
class _Seen:
    """One question: its day, whether negative and whether missed."""

    day: int
    negative: bool
    missed: bool


@dataclass
class _Tally:
    days: dict[date, int]
    zone: ZoneInfo
    categories: dict[str, str]
    topics: dict[tuple[str, str], list[_Seen]] = field(default_factory=dict)
    products: dict[str, list[_Seen]] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    negative: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.asked, self.negative = [0] * len(self.days), [0] * len(self.days)

    def count(self, thread: Thread) -> None:
        understood = understandings(thread.entries)
        for turn in exchanges(thread.entries).values():
            if turn.category:
                self.categories.setdefault(turn.entry_id, turn.category)
            day = self.days.get(day_of(turn.at_ms, self.zone))
            if day is None or turn.reaction not in _QUESTION:
                continue
            known = understood.get(turn.seq)
            seen = _Seen(day, is_negative(known), turn.reaction is Reaction.MISS)
            self.asked[day] += 1
            self.negative[day] += seen.negative
            self.topics.setdefault(_topic(turn), []).append(seen)
            named = {one.value for one in known.entities if one.name == PRODUCT} if known is not None else set()
            for product in named:
                self.products.setdefault(product, []).append(seen)

    def by_topic(self) -> tuple[Counted, ...]:
        """The topics by name; a category is known only once everything is counted."""
        named: dict[str, list[_Seen]] = {}
        for (entry_id, question), seen in self.topics.items():
            named.setdefault(self.categories.get(entry_id) or question, []).extend(seen)
        return self.counted(named)

    def counted(self, named: Mapping[str, list[_Seen]]) -> tuple[Counted, ...]:
        found = []
        for name, seen in named.items():
            by_day = Counter(one.day for one in seen)
            found.append(
                Counted(
                    name,
                    len(seen),
                    sum(one.negative for one in seen),
                    sum(one.missed for one in seen),
                    tuple(by_day[at] for at in range(len(self.days))),
                )
            )
        return tuple(sorted(found, key=lambda one: (-one.n, one.name)))


def is_negative(known: Understanding | None) -> bool:
    """Whether a message was heard as negative or angry."""
    mood = known.sentiment if known is not None else None
    return mood is not None and (mood.label == "negative" or mood.anger >= ANGRY)


def _topic(turn: Exchange) -> tuple[str, str]:
    return (turn.entry_id, turn.question) if turn.entry_id else ("", NO_TOPIC)
