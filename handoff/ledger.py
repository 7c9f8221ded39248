"""The promptness ledger: one row for each customer turn that a person owed an answer to. Pure, from the log alone.

A turn is owed from the moment a case is open: first by the call itself, later by each message of the customer that no
agent has answered yet; messages sent on top of an unanswered one belong to the same turn. An agent's message closes
it, or the end of the case does. The bot and the system never close one, whatever they say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum

from contracts.conversation import Author, Entry, EntryKind
from handoff.calendar import ALWAYS_OPEN, BusinessCalendar
from handoff.config.targets import Target
from handoff.lifecycle import Verb
from handoff.model import CaseState
from handoff.sla import What, deadline


class Closing(str, Enum):
    """What closed an owed turn: an agent's answer, or the end of its case."""

    ANSWERED = "answered"
    CLOSED = "closed"
    ABANDONED = "abandoned"
    MESSAGE_LEFT = "message_left"


@dataclass(frozen=True)
class Owed:
    """One customer turn that a person owed an answer to.

    `seqs` are the entries that make it up (the call, or messages), `since_ms` when it began, `owner` who owned the
    conversation then ("" is the line: nobody yet). `due_ms` is the deadline (None: beyond the calendar). Once closed:
    `closing`, `closed_ms`, `closed_seq`, `closed_by` (the agent, or "") and `took_ms` of business time.
    """

    case_id: str
    first: bool
    seqs: tuple[int, ...]
    since_ms: int
    owner: str
    due_ms: int | None
    closing: Closing | None = None
    closed_ms: int = 0
    closed_seq: int = 0
    closed_by: str = ""
    took_ms: int = 0

    def is_late(self, now_ms: int) -> bool:
        """True when it was closed after its deadline, or is still open past it."""
        return self.due_ms is not None and (self.closed_ms if self.closing else now_ms) > self.due_ms


@dataclass(frozen=True)
class Stretch:
    """Who owned the conversation from `from_seq` on: the name of an agent, or "bot"."""

    from_seq: int
    from_ms: int
    owner: str


_ENDS = {
    CaseState.CLOSED.value: Closing.CLOSED,
    CaseState.ABANDONED.value: Closing.ABANDONED,
    CaseState.MESSAGE_LEFT.value: Closing.MESSAGE_LEFT,
}
_TAKES = (Verb.ACCEPT.value, Verb.TAKE_OVER.value)
_GIVES_BACK = (Verb.TRANSFER_GROUP.value, Verb.LOSE.value, Verb.RESOLVE.value)


def ledger(
    entries: Iterable[Entry],
    *,
    target: Callable[[str], Target] | None = None,
    calendar: BusinessCalendar = ALWAYS_OPEN,
) -> list[Owed]:
    """The rows of one conversation's log (oldest entry first), the oldest first; only the last may be open.

    `target` gives the target of a case by its id; without it, every case has the standard one.
    """
    target = target or (lambda _: Target())
    rows: list[Owed] = []
    open_row: Owed | None = None
    case_id, owner, answered = "", "", False

    def owe(entry: Entry) -> Owed:
        what = What.NEXT if answered else What.FIRST
        due = deadline(what, entry.at_ms, target(case_id), calendar).due_ms
        return Owed(case_id, not answered, (entry.seq,), entry.at_ms, owner, due)

    def close(row: Owed, entry: Entry, closing: Closing) -> None:
        took = calendar.open_ms(row.since_ms, entry.at_ms)
        by = entry.author_id if closing is Closing.ANSWERED else str(entry.data.get("agent_id", ""))
        rows.append(
            replace(row, closing=closing, closed_ms=entry.at_ms, closed_seq=entry.seq, closed_by=by, took_ms=took)
        )

    for entry in entries:
        if entry.kind is EntryKind.CASE and (not case_id or entry.data.get("case_id") == case_id):
            verb, state = str(entry.data.get("verb", "")), str(entry.data.get("state", ""))
            if verb == "open":
                case_id, owner, answered = str(entry.data["case_id"]), "", False
                open_row = owe(entry)
            elif case_id and state in _ENDS:
                if open_row is not None:
                    close(open_row, entry, _ENDS[state])
                open_row, case_id, owner = None, "", ""
            elif verb in _TAKES:
                owner = str(entry.data.get("agent_id", ""))
            elif verb in _GIVES_BACK:
                owner = ""
        elif entry.kind is EntryKind.MESSAGE and case_id and "left" not in entry.data and "answers" not in entry.data:
            if entry.author is Author.AGENT:
                if open_row is not None:
                    close(open_row, entry, Closing.ANSWERED)
                open_row, answered = None, True
            elif entry.author is Author.CUSTOMER and open_row is None:
                open_row = owe(entry)
            elif entry.author is Author.CUSTOMER and open_row is not None:
                open_row = replace(open_row, seqs=(*open_row.seqs, entry.seq))
    return rows if open_row is None else [*rows, open_row]


def owners(entries: Iterable[Entry]) -> list[Stretch]:
    """Who owned the conversation when: the bot first, then each change of owner."""
    found = [Stretch(1, 0, "bot")]
    for entry in entries:
        verb = str(entry.data.get("verb", "")) if entry.kind is EntryKind.CASE else ""
        lost = entry.kind is EntryKind.MESSAGE and entry.data.get("notice") == "lost"
        if verb in _TAKES:
            found.append(Stretch(entry.seq, entry.at_ms, str(entry.data.get("agent_id", ""))))
        elif (verb in _GIVES_BACK or lost) and found[-1].owner != "bot":
            found.append(Stretch(entry.seq, entry.at_ms, "bot"))
    return found
