"""Real questions for replays and gaps, from the archive of conversations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.answer import Outcome
from handoff.contacts import Reaction
from handoff.questions import Question, questions
from knowledge_base.asked import Asked

if TYPE_CHECKING:
    from handoff.archive import Archive

DAY_MS = 86_400_000
#: The question with which `jiehua up` tries a fresh stack is no customer's.
PROBE = "rest:startup-probe"
_OUTCOMES = {Reaction.ANSWER: Outcome.ANSWER, Reaction.CLARIFY: Outcome.CLARIFY, Reaction.MISS: Outcome.MISS}


@dataclass(frozen=True)
class ArchivedQuestions:
    """What was asked in [from_ms, until_ms), as `AskedQuestions`; read from the archive at each iteration."""

    archive: Archive
    from_ms: int
    until_ms: int

    def __iter__(self) -> Iterator[Asked]:
        return (asked_of(one) for one in self.questions())

    def questions(self) -> Iterator[Question]:
        """The questions with when and where they were asked, conversation by conversation."""
        for thread in self.archive.threads(self.from_ms, self.until_ms):
            if thread.conversation_id != PROBE:
                for one in questions(thread):
                    if self.from_ms <= one.at_ms < self.until_ms:
                        yield one


def asked_of(one: Question) -> Asked:
    """A question as the knowledge base counts it."""
    return Asked(
        one.text,
        _OUTCOMES[one.reaction],
        one.chosen,
        one.useful,
        one.handed_over,
        one.agent_ms / 1000,
        one.reply,
    )


def latest(archive: Archive, count: int, *, now_ms: int, most_days: int = 90) -> list[Question]:
    """The last `count` questions of `most_days`, the latest first; as few days are read as it takes."""
    days = 1
    while True:
        until_ms = now_ms + 1
        found = list(ArchivedQuestions(archive, until_ms - days * DAY_MS, until_ms).questions())
        if len(found) >= count or days >= most_days:
            found.sort(key=lambda one: (-one.at_ms, one.conversation_id, one.seq))
            return found[:count]
        days = min(most_days, days * 4)
