"""What customers asked the bot and what became of each question. Pure, from one conversation's log and cases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from contracts.conversation import Author, Entry, EntryKind
from handoff.contacts import Exchange, Reaction, exchanges
from handoff.model import Case, Thread

#: Small talk is no question, and what the bot passed over in silence was said to a person.
_ASKED = frozenset({Reaction.ANSWER, Reaction.CLARIFY, Reaction.MISS})


@dataclass(frozen=True)
class Question:
    """One question to the bot.

    `chosen` is the entry that the customer picked when asked back, "" for none; `useful` their last vote on the answer;
    `handed_over`: a person took it up, for `agent_ms` of work, and wrote `reply` (the longest thing they wrote).
    """

    conversation_id: str
    seq: int
    at_ms: int
    text: str
    reaction: Reaction
    chosen: str = ""
    useful: bool | None = None
    handed_over: bool = False
    agent_ms: int = 0
    reply: str = ""


def questions(thread: Thread) -> list[Question]:
    """The questions of one conversation, oldest first. Picking one of the choices offered is no question of its own."""
    picked = {
        entry.seq: str(entry.data["choice"])
        for entry in thread.entries
        if entry.author is Author.CUSTOMER and entry.data.get("choice")
    }
    turns = [turn for turn in exchanges(thread.entries).values() if turn.reaction in _ASKED]
    asked = {turn.seq: _question(thread.conversation_id, turn) for turn in turns if turn.seq not in picked}
    for seq, choice in picked.items():
        offered = _last(asked.values(), seq)
        if offered is not None and offered.reaction is Reaction.CLARIFY and not offered.chosen:
            asked[offered.seq] = replace(offered, chosen=choice)
    for seq, useful in _votes(thread.entries, picked, asked).items():
        asked[seq] = replace(asked[seq], useful=useful)
    cases = sorted(thread.cases, key=lambda case: case.opened_seq)
    for case, following in zip(cases, [*cases[1:], None]):
        about = asked.get(case.problem_seq) or _last(asked.values(), case.opened_seq)
        if about is not None and case.accepted_ms:
            asked[about.seq] = replace(
                about,
                handed_over=True,
                agent_ms=max(0, case.closed_ms - case.accepted_ms),
                reply=_reply(thread.entries, case, following),
            )
    return list(asked.values())


def _question(conversation_id: str, turn: Exchange) -> Question:
    return Question(conversation_id, turn.seq, turn.at_ms, turn.text, turn.reaction)


def _last(asked: Iterable[Question], before_seq: int) -> Question | None:
    """The last question before a line of the log."""
    return max((one for one in asked if one.seq < before_seq), key=lambda one: one.seq, default=None)


def _votes(entries: Iterable[Entry], picked: dict[int, str], asked: dict[int, Question]) -> dict[int, bool]:
    """The last vote on the answer to each question; a vote on the answer to a choice is one on the question."""
    about = {
        entry.seq: int(entry.data.get("about", 0))
        for entry in entries
        if entry.kind is EntryKind.MESSAGE and entry.author is Author.BOT
    }
    found: dict[int, bool] = {}
    for entry in entries:
        if entry.kind is EntryKind.FEEDBACK and entry.data.get("what") == "vote":
            seq = about.get(int(entry.data.get("about", 0)), 0)
            if seq in picked:
                offered = _last(asked.values(), seq)
                seq = offered.seq if offered is not None else 0
            if seq in asked:
                found[seq] = bool(entry.data.get("useful"))
    return found


def _reply(entries: Iterable[Entry], case: Case, following: Case | None) -> str:
    until = following.opened_seq if following is not None else None
    said = [
        entry.text
        for entry in entries
        if entry.kind is EntryKind.MESSAGE
        and entry.author is Author.AGENT
        and entry.seq > case.opened_seq
        and (until is None or entry.seq < until)
    ]
    return max(said, key=len, default="")
