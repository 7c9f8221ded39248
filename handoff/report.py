"""What happened in a period, counted from the archive's threads. Pure: the same threads give the same report.

A number belongs to the period in which the thing began: a contact with its first message, a case with the call, an
owed turn with the message that made it owed, a vote or a rating with its own moment. So the counts of two periods in a
row add up. Times are in ms, rates from 0 to 1, and None where there is nothing to divide by.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from contracts.conversation import Author, Entry, EntryKind
from handoff.calendar import ALWAYS_OPEN, BusinessCalendar
from handoff.config.targets import Target, Targets, write
from handoff.contacts import JUDGED, Contact, Exchange, Reaction, Verdict, contacts, exchanges
from handoff.ledger import Closing, Owed, ledger
from handoff.lifecycle import Verb
from handoff.model import OPEN_STATES, Case, CaseState, Thread
from handoff.report_model import (
    BOT,
    Handoffs,
    MissedTopic,
    Promptness,
    Report,
    Reports,
    Resolution,
    Resolved,
    Satisfaction,
    Spread,
    Volumes,
)
from handoff.sla import What, deadline

MOST_EXAMPLES = 3


def report(
    threads: Iterable[Thread],
    *,
    from_ms: int,
    until_ms: int,
    now_ms: int,
    categories: Mapping[str, str] | None = None,
    targets: Targets | None = None,
    calendar: BusinessCalendar = ALWAYS_OPEN,
) -> Report:
    """Count what happened in [from_ms, until_ms), as known at `now_ms`.

    `threads` are the conversations active then, each whole. `categories` names the category of FAQ entries; those
    that were answered name theirs.
    """
    edges = (from_ms, until_ms)
    return reports(threads, edges, now_ms=now_ms, categories=categories, targets=targets, calendar=calendar).whole


def reports(
    threads: Iterable[Thread],
    edges_ms: Sequence[int],
    *,
    now_ms: int,
    categories: Mapping[str, str] | None = None,
    targets: Targets | None = None,
    calendar: BusinessCalendar = ALWAYS_OPEN,
) -> Reports:
    """As `report`, also for each part of the period, in one pass; `edges_ms` ascend, from its beginning to its end."""
    known = dict(categories or {})  # shared: what one part learns of an entry's category holds for all
    shown = write(targets or Targets())
    whole = _Tally(edges_ms[0], edges_ms[-1], now_ms, known, shown)
    parts = [_Tally(begin, end, now_ms, known, shown) for begin, end in pairwise(edges_ms)]
    for thread in threads:
        told = _told(thread, now_ms, targets or Targets(), calendar)
        whole.count(told)
        # Everything counted is as old as some entry, so the parts before the first and after the last need no look.
        times = [entry.at_ms for entry in thread.entries] or [edges_ms[-1]]
        first, last = bisect_right(edges_ms, min(times)) - 1, bisect_right(edges_ms, max(times))
        for part in parts[max(0, first) : last]:
            part.count(told)
    return Reports(whole.report(), tuple(part.report() for part in parts))


def spread(values: Iterable[int]) -> Spread:
    """Percentiles by nearest rank; all None for no values."""
    ranked = sorted(values)
    if not ranked:
        return Spread()
    at = [ranked[math.ceil(share * len(ranked) / 100) - 1] for share in (50, 90, 95)]
    return Spread(len(ranked), at[0], at[1], at[2], ranked[-1])


@dataclass(frozen=True)
class _Told:
    """One conversation with what is read out of its log, once for all periods."""

    thread: Thread
    turns: Mapping[int, Exchange]
    contacts: Sequence[Contact]
    owed: Sequence[Owed]
    ended: Sequence[_Ended]


@dataclass(frozen=True)
class _Ended:
    """A case that is to be resolved: when it is due (None: no target), and the business time it took (None: open)."""

    group: str
    since_ms: int
    due_ms: int | None
    closed_ms: int
    took_ms: int | None


_TO_BE_RESOLVED = OPEN_STATES | {CaseState.CLOSED}


def _ended(case: Case, target: Target, calendar: BusinessCalendar) -> _Ended:
    due_ms = deadline(What.RESOLUTION, case.enqueued_ms, target, calendar).due_ms
    took = calendar.open_ms(case.enqueued_ms, case.closed_ms) if case.closed_ms else None
    return _Ended(case.group, case.enqueued_ms, due_ms, case.closed_ms, took)


def _told(thread: Thread, now_ms: int, targets: Targets, calendar: BusinessCalendar) -> _Told:
    found = {case.case_id: targets.of(case.group, case.priority) for case in thread.cases}
    return _Told(
        thread,
        exchanges(thread.entries),
        contacts(thread.entries, known_until_ms=now_ms),
        ledger(thread.entries, target=lambda case_id: found.get(case_id, targets.standard), calendar=calendar),
        [_ended(case, found[case.case_id], calendar) for case in thread.cases if case.state in _TO_BE_RESOLVED],
    )


@dataclass
class _Tally:
    """The counts while threads go by, one at a time: a year's worth need not fit into memory."""

    from_ms: int
    until_ms: int
    now_ms: int
    categories: dict[str, str]
    targets: dict[str, Any]
    volumes: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    ripe: Counter[Verdict] = field(default_factory=Counter)
    votes: Counter[bool] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    waits: list[int] = field(default_factory=list)
    handles: list[int] = field(default_factory=list)
    patience: list[int] = field(default_factory=list)
    by_agent: dict[str, list[Owed]] = field(default_factory=dict)
    by_group: dict[str, list[Owed]] = field(default_factory=dict)
    ended: dict[str, list[_Ended]] = field(default_factory=dict)
    scores: dict[str, list[int]] = field(default_factory=dict)
    missed: list[Exchange] = field(default_factory=list)

    def count(self, told: _Told) -> None:
        """Add one conversation."""
        thread, turns = told.thread, told.turns
        self._count_volumes([entry for entry in thread.entries if self._within(entry.at_ms)], turns)
        for turn in turns.values():
            if turn.category:
                self.categories.setdefault(turn.entry_id, turn.category)
            if turn.reaction is Reaction.MISS and self._within(turn.at_ms):
                self.missed.append(turn)
        for contact in told.contacts:
            if self._within(contact.from_ms):
                self.verdicts[contact.verdict] += 1
                self.ripe[contact.verdict] += contact.ripe
        self._count_cases(thread)
        groups = {case.case_id: case.group for case in thread.cases}
        for row in told.owed:
            if self._within(row.since_ms):
                self.by_agent.setdefault(_answerable(row), []).append(row)
                self.by_group.setdefault(groups.get(row.case_id, ""), []).append(row)
        for case in told.ended:
            if self._within(case.since_ms):
                self.ended.setdefault(case.group, []).append(case)
        self._count_feedback(thread)

    def report(self) -> Report:
        """What has been counted."""
        judged = sum(self.ripe[one] for one in JUDGED)
        cases = sum(self.reasons.values())
        resolution = Resolution(
            contacts=sum(self.verdicts.values()),
            verdicts={verdict.value: self.verdicts[verdict] for verdict in Verdict},
            judged=judged,
            rate=_share(self.ripe[Verdict.RESOLVED], judged),
            useful_votes=self.votes[True],
            useless_votes=self.votes[False],
        )
        handoffs = Handoffs(
            cases=cases,
            reasons=_ranked(self.reasons),
            accepted=len(self.waits),
            abandoned=self.ends[Verb.ABANDON.value],
            abandonment=_share(self.ends[Verb.ABANDON.value], cases),
            messages_left=self.ends[Verb.LEAVE_MESSAGE.value],
            messages_answered=self.ends[Verb.ANSWER.value],
            wait_ms=spread(self.waits),
            handle_ms=spread(self.handles),
            gave_up_ms=spread(self.patience),
        )
        counted = ("conversations", "customer_messages", "bot_turns", "agent_messages")
        return Report(
            from_ms=self.from_ms,
            until_ms=self.until_ms,
            volumes=Volumes(*(self.volumes[name] for name in counted)),
            resolution=resolution,
            handoffs=handoffs,
            by_agent={name: self._promptness(rows) for name, rows in sorted(self.by_agent.items())},
            by_group={name: self._promptness(rows) for name, rows in sorted(self.by_group.items())},
            satisfaction={name: _satisfaction(scores) for name, scores in sorted(self.scores.items())},
            misses=self._misses(),
            resolved={name: self._resolved(ended) for name, ended in sorted(self.ended.items())},
            targets=self.targets,
        )

    def _within(self, at_ms: int) -> bool:
        return self.from_ms <= at_ms < self.until_ms

    def _count_volumes(self, entries: Sequence[Entry], turns: Mapping[int, Exchange]) -> None:
        said = [entry for entry in entries if entry.kind is EntryKind.MESSAGE]
        authors = Counter(entry.author for entry in said)
        self.volumes["conversations"] += bool(authors[Author.CUSTOMER])
        self.volumes["customer_messages"] += authors[Author.CUSTOMER]
        self.volumes["agent_messages"] += authors[Author.AGENT]
        answered = (turns.get(entry.seq) for entry in said if entry.author is Author.CUSTOMER)
        self.volumes["bot_turns"] += sum(turn is not None and turn.reaction is not Reaction.NONE for turn in answered)

    def _count_cases(self, thread: Thread) -> None:
        happened: dict[str, set[str]] = {}
        for entry in thread.entries:
            if entry.kind is EntryKind.CASE:
                happened.setdefault(str(entry.data.get("case_id")), set()).add(str(entry.data.get("verb")))
        for case in thread.cases:
            if not self._within(case.enqueued_ms):
                continue
            verbs = happened.get(case.case_id, set())
            self.reasons[case.reason.value] += 1
            self.ends.update(verbs)
            if case.accepted_ms:
                self.waits.append(case.accepted_ms - case.enqueued_ms)
            if Verb.RESOLVE.value in verbs:
                self.handles.append(case.closed_ms - case.accepted_ms)
            if Verb.ABANDON.value in verbs:
                self.patience.append(case.closed_ms - case.enqueued_ms)

    def _count_feedback(self, thread: Thread) -> None:
        """Who votes or rates again has changed their mind: the last one counts."""
        votes: dict[int, bool] = {}
        ratings: dict[str, int] = {}
        for entry in thread.entries:
            if entry.kind is EntryKind.FEEDBACK and self._within(entry.at_ms):
                if entry.data.get("what") == "vote":
                    votes[int(entry.data.get("about", 0))] = bool(entry.data.get("useful"))
                elif entry.data.get("what") == "rating":
                    ratings[str(entry.data.get("stretch", ""))] = int(entry.data.get("score", 0))
        self.votes.update(votes.values())
        for stretch, score in ratings.items():
            self.scores.setdefault(_owner_of(stretch, thread.cases), []).append(score)

    def _promptness(self, rows: Sequence[Owed]) -> Promptness:
        answered = [row for row in rows if row.closing is Closing.ANSWERED]
        late = sum(row.is_late(self.now_ms) for row in rows)
        kept = sum(not row.is_late(self.now_ms) for row in answered)
        return Promptness(
            owed=len(rows),
            answered=len(answered),
            late=late,
            open=sum(row.closing is None for row in rows),
            took_ms=spread(row.took_ms for row in answered),
            on_time=_share(kept, kept + late),
        )

    def _resolved(self, ended: Sequence[_Ended]) -> Resolved:
        return Resolved(
            cases=len(ended),
            closed=sum(case.took_ms is not None for case in ended),
            targeted=sum(case.due_ms is not None for case in ended),
            late=sum(case.due_ms is not None and (case.closed_ms or self.now_ms) > case.due_ms for case in ended),
            took_ms=spread(case.took_ms for case in ended if case.took_ms is not None),
        )

    def _misses(self) -> tuple[MissedTopic, ...]:
        topics: dict[str, list[str]] = {}
        for turn in self.missed:
            topics.setdefault(self.categories.get(turn.entry_id) or turn.question, []).append(turn.text)
        ranked = sorted(topics.items(), key=lambda item: (-len(item[1]), item[0]))
        return tuple(
            MissedTopic(topic, len(texts), tuple(text for text, _ in Counter(texts).most_common(MOST_EXAMPLES)))
            for topic, texts in ranked
        )


def _answerable(row: Owed) -> str:
    """Whose turn it was: who answered, else who owned the conversation when it became owed ("": nobody yet)."""
    return row.closed_by if row.closing is Closing.ANSWERED else row.owner


def _owner_of(stretch: str, cases: Sequence[Case]) -> str:
    """Who is rated: the agent of the case that `stretch` names, else the bot."""
    return next((case.agent_id for case in cases if case.case_id == stretch), BOT) or BOT


def _satisfaction(scores: Sequence[int]) -> Satisfaction:
    counted = Counter(scores)
    return Satisfaction(len(scores), sum(scores) / len(scores), {str(score): counted[score] for score in range(1, 6)})


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _ranked(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))
