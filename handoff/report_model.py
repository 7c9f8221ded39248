"""The values of a report. Times are in ms, rates from 0 to 1, and None where there is nothing to divide by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

BOT = "bot"


@dataclass(frozen=True)
class Spread:
    """How values lie: how many, and the least value that so many in a hundred do not exceed (nearest rank)."""

    n: int = 0
    p50: int | None = None
    p90: int | None = None
    p95: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Volumes:
    """How much there was. `bot_turns` are customer messages to which the bot said something that was shown."""

    conversations: int
    customer_messages: int
    bot_turns: int
    agent_messages: int


@dataclass(frozen=True)
class Resolution:
    """What became of the contacts with the bot (see contacts.Verdict).

    `judged` are those that are 72 hours old and say something about the bot, `rate` the share of them it resolved.
    """

    contacts: int
    verdicts: dict[str, int]
    judged: int
    rate: float | None
    useful_votes: int
    useless_votes: int


@dataclass(frozen=True)
class Handoffs:
    """The calls for a person: why, what became of them, and how long things took.

    `wait_ms` of the accepted from call to acceptance, `handle_ms` of the resolved from there to the end,
    `gave_up_ms` of the abandoned from call to leaving. `abandonment` is the share of cases that were abandoned.
    """

    cases: int
    reasons: dict[str, int]
    accepted: int
    abandoned: int
    abandonment: float | None
    messages_left: int
    messages_answered: int
    wait_ms: Spread
    handle_ms: Spread
    gave_up_ms: Spread


@dataclass(frozen=True)
class Promptness:
    """The owed turns (see ledger) of one agent or group: how many, how many a person answered, how many were late.

    `on_time` is the share that was answered within its target, of those answered or late.
    """

    owed: int
    answered: int
    late: int
    open: int
    took_ms: Spread
    on_time: float | None = None


@dataclass(frozen=True)
class Resolved:
    """The cases of one group that people are to resolve: how many, how many are closed, and how many were late.

    Those that were abandoned, and messages that nobody has answered, are not among them. `targeted` have a target for
    their resolution; `took_ms` of the closed is business time.
    """

    cases: int
    closed: int
    targeted: int
    late: int
    took_ms: Spread


@dataclass(frozen=True)
class Satisfaction:
    """The ratings of one stretch's owner: how many, their mean, and how many gave each score from 1 to 5."""

    n: int
    mean: float
    scores: dict[str, int]


@dataclass(frozen=True)
class MissedTopic:
    """Questions the bot had no answer to, by the category of the nearest entry (else that entry's own question)."""

    topic: str
    n: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What happened in [from_ms, until_ms). In `by_agent` the name "" is the line: turns nobody had taken up.

    `targets` are those by which lateness was judged, as `config.targets` writes them; `resolved` is by group.
    """

    from_ms: int
    until_ms: int
    volumes: Volumes
    resolution: Resolution
    handoffs: Handoffs
    by_agent: dict[str, Promptness]
    by_group: dict[str, Promptness]
    satisfaction: dict[str, Satisfaction]
    misses: tuple[MissedTopic, ...]
    resolved: dict[str, Resolved] = field(default_factory=dict)
    targets: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reports:
    """A period as a whole, and the parts of it that follow each other without a gap."""

    whole: Report
    parts: tuple[Report, ...]
