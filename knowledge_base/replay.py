"""A draft base against the live one on questions that customers asked: what changes, what improves, what breaks.

Both sides are asked through `Finder.find`, one question at a time, which is what the chat does: the same encoding, the
same measures, the same thresholds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from contracts.answer import Finding, Outcome
from knowledge_base.finder import Finder
from knowledge_base.queries import Query

_RIGHT, _WRONG = 3, 0  # of the grades from 0 to 4: right at least among the choices, answered wrongly


class Verdict(str, Enum):
    """What the draft makes of a question, compared with the live base.

    Only a golden question can improve or break: for others nobody said what is right. `BROKEN`: it was right, or is
    answered wrongly now. `WEAKER`: still right, but only among the choices; or never right, and now with wrong choices.
    """

    SAME = "same"
    CHANGED = "changed"
    IMPROVED = "improved"
    WEAKER = "weaker"
    BROKEN = "broken"


@dataclass(frozen=True)
class Reply:
    """What a customer is shown: the answer, the choices, or that there is none."""

    outcome: Outcome
    entries: tuple[str, ...] = ()
    text: str = ""
    escalate: bool = False

    @classmethod
    def of(cls, finder: Finder, finding: Finding) -> Reply:
        """The reply that a finding comes to."""
        if finding.outcome is Outcome.MISS:
            return cls(Outcome.MISS)
        ids = tuple(candidate.entry_id for candidate in finding.candidates)
        if finding.outcome is Outcome.CLARIFY:
            return cls(Outcome.CLARIFY, ids)
        answer = finder.answer(ids[0])
        if answer is None:
            return cls(Outcome.ANSWER, ids[:1])
        return cls(Outcome.ANSWER, ids[:1], answer.text, answer.escalate)

    def grade(self, gold: Sequence[str]) -> int:
        """How good it is, 4 best; without gold nothing answers, and being asked back is better than a wrong answer."""
        right = bool(set(self.entries) & set(gold))
        if self.outcome is Outcome.MISS:
            return 2 if gold else 4
        if self.outcome is Outcome.CLARIFY:
            return _RIGHT if right or not gold else 1
        return 4 if right else _WRONG


@dataclass(frozen=True)
class Shift:
    """One question under both bases."""

    query: Query
    golden: bool
    live: Reply
    draft: Reply

    @property
    def verdict(self) -> Verdict:
        """What the draft does to it."""
        if self.golden:
            before, after = self.live.grade(self.query.gold), self.draft.grade(self.query.gold)
            if after > before:
                return Verdict.IMPROVED
            if after < before:
                lost = before >= _RIGHT > after or after == _WRONG
                return Verdict.BROKEN if lost else Verdict.WEAKER
        return Verdict.SAME if self.live == self.draft else Verdict.CHANGED

    @property
    def what(self) -> str:
        """What changes, in Chinese, in a few words."""
        before, after = self.live, self.draft
        if before == after:
            return "不变"
        if before.outcome is not after.outcome:
            return f"{_SHOWN[before.outcome]}变为{_SHOWN[after.outcome]}"
        if before.outcome is Outcome.CLARIFY:
            return "选项变了"
        if before.entries != after.entries:
            return "换了条目"
        return "答案的文字变了" if before.text != after.text else "是否请人工变了"


_SHOWN = {Outcome.ANSWER: "直接回答", Outcome.CLARIFY: "反问选择", Outcome.MISS: "答不上"}


@dataclass(frozen=True)
class Replay:
    """The outcome: one shift a question."""

    shifts: tuple[Shift, ...]
    live_version: str
    draft_version: str

    def of(self, verdict: Verdict) -> list[Shift]:
        """The questions with that verdict."""
        return [shift for shift in self.shifts if shift.verdict is verdict]

    def report(self) -> dict[str, Any]:
        """The object of `kb replay --json`: counts, and a row for every question that is not the same."""
        counts = Counter(shift.verdict for shift in self.shifts)
        rows = [_row(shift) for shift in self.shifts if shift.verdict is not Verdict.SAME]
        return {
            "n": len(self.shifts),
            "golden": sum(shift.golden for shift in self.shifts),
            **{verdict.value: counts[verdict] for verdict in Verdict},
            "live": self.live_version,
            "draft": self.draft_version,
            "rows": rows,
        }


def replay(
    live: Finder,
    draft: Finder,
    queries: Sequence[Query],
    golden: Sequence[Query] = (),
    step: Callable[[], None] = lambda: None,
    said: Callable[[str], Reply] | None = None,
) -> Replay:
    """Ask both bases every question. `golden` know their answer; one without gold is out of scope. `step` after each.

    Of `queries`, those that carry gold count as golden too. `said` spares asking the live base again.
    """
    said = said or (lambda text: Reply.of(live, live.find(text)))
    shifts = []
    for query, known in [*((query, bool(query.gold)) for query in queries), *((query, True) for query in golden)]:
        before, after = said(query.text), Reply.of(draft, draft.find(query.text))
        shifts.append(Shift(query, known, before, after))
        step()
    return Replay(tuple(shifts), live.version, draft.version)


def _row(shift: Shift) -> dict[str, Any]:
    sides = {
        name: {"outcome": reply.outcome.value, "entries": list(reply.entries), "text": reply.text}
        for name, reply in (("live", shift.live), ("draft", shift.draft))
    }
    return {
        "text": shift.query.text,
        "gold": list(shift.query.gold),
        "verdict": shift.verdict.value,
        "what": shift.what,
        **sides,
    }
