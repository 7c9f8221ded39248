"""Contacts with the bot, and what became of each: whether the bot resolved it, said truthfully. Pure, from logs alone.

A *contact* is what a customer says to the bot at one time: it ends with an hour of silence, or when a case ends. The
bot has resolved one only if it answered, and nothing speaks against it: no person was called, no answer voted 没用,
no question left without an answer, and the same thing was not asked again, in it or within 72 hours. As long as
those hours are not over the verdict is open, and a contact of small talk alone proves nothing either way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from contracts.answer import Outcome
from contracts.conversation import Author, Entry, EntryKind
from contracts.understanding import Understanding
from handoff.brief import SMALL_TALK, understandings
from handoff.ledger import owners
from handoff.model import CaseState

HOUR_MS = 3_600_000
SILENCE_MS = HOUR_MS
REPEAT_MS = 72 * HOUR_MS
_ENDS = (CaseState.CLOSED.value, CaseState.ABANDONED.value, CaseState.MESSAGE_LEFT.value)


class Reaction(str, Enum):
    """What the bot did with one customer message; NONE: it said nothing that was shown."""

    ANSWER = "answer"
    CLARIFY = "clarify"
    MISS = "miss"
    CHAT = "chat"
    NONE = "none"


class Verdict(str, Enum):
    """What became of a contact; the first that holds, in this order.

    HANDED a person was called · DOWNVOTED an answer was voted 没用 · CHAT small talk alone · UNANSWERED the last
    question got no answer · REPEATED the same was asked again · PENDING good so far, 72 hours are not over · RESOLVED.
    """

    HANDED = "handed"
    DOWNVOTED = "downvoted"
    CHAT = "chat"
    UNANSWERED = "unanswered"
    REPEATED = "repeated"
    PENDING = "pending"
    RESOLVED = "resolved"


#: The verdicts that tell something about the bot; its resolution rate is RESOLVED among these, of ripe contacts only.
JUDGED = (Verdict.RESOLVED, Verdict.HANDED, Verdict.DOWNVOTED, Verdict.UNANSWERED, Verdict.REPEATED)


@dataclass(frozen=True)
class Exchange:
    """One customer message and the bot's reaction.

    `entry_id` is the FAQ entry that answered, or the candidate nearest to the question ("" without one), `question`
    that entry's question and `category` its category, where the bot's answer names it.
    """

    seq: int
    at_ms: int
    text: str
    reaction: Reaction
    entry_id: str = ""
    question: str = ""
    category: str = ""


@dataclass(frozen=True)
class Contact:
    """What a customer said to the bot at one time; `last_ms` is when they last did.

    It is `ripe` when 72 hours have passed since. Before that only failures are certain, so a rate that took in younger
    contacts would be too low.
    """

    from_ms: int
    last_ms: int
    turns: tuple[Exchange, ...] = ()
    handed: bool = False
    downvoted: bool = False
    verdict: Verdict = Verdict.CHAT
    ripe: bool = False

    @property
    def topics(self) -> tuple[str, ...]:
        """The FAQ entries that were answered or offered, in order; the same one twice if it was answered twice."""
        told = (Reaction.ANSWER, Reaction.CLARIFY)
        return tuple(turn.entry_id for turn in self.turns if turn.reaction in told and turn.entry_id)


def contacts(entries: Sequence[Entry], *, known_until_ms: int) -> list[Contact]:
    """The contacts of one conversation (its log, oldest first), judged by what is known until `known_until_ms`."""
    found = _gathered(entries)
    judged = []
    for number, one in enumerate(found):
        ripe = known_until_ms - one.last_ms >= REPEAT_MS
        judged.append(replace(one, ripe=ripe, verdict=_verdict(one, found[number + 1 :], ripe)))
    return judged


def exchanges(entries: Sequence[Entry]) -> dict[int, Exchange]:
    """What the bot did with each customer message, by its number; messages to a person are left out."""
    understood = understandings(entries)
    replies: dict[int, list[Entry]] = {}
    for entry in entries:
        if entry.kind is EntryKind.MESSAGE and entry.author is Author.BOT:
            replies.setdefault(int(entry.data.get("about", 0)), []).append(entry)
    stretches = owners(entries)
    turns, at = {}, 0
    for entry in entries:
        while at + 1 < len(stretches) and stretches[at + 1].from_seq <= entry.seq:
            at += 1
        if _is_said(entry) and stretches[at].owner == "bot":
            turns[entry.seq] = _exchange(entry, replies.get(entry.seq, ()), understood.get(entry.seq))
    return turns


@dataclass
class _Open:
    """A contact that is being gathered."""

    from_ms: int
    last_ms: int
    turns: list[Exchange] = field(default_factory=list)
    handed: bool = False
    over: bool = False


def _gathered(entries: Sequence[Entry]) -> list[Contact]:
    turns = exchanges(entries)
    found: list[_Open] = []

    def current(at_ms: int) -> _Open:
        if not found or found[-1].over or at_ms - found[-1].last_ms > SILENCE_MS:
            found.append(_Open(at_ms, at_ms))
        return found[-1]

    for entry in entries:
        if entry.seq in turns:
            contact = current(entry.at_ms)
            contact.turns.append(turns[entry.seq])
            contact.last_ms = entry.at_ms
        elif entry.kind is EntryKind.CASE and entry.data.get("verb") == "open":
            current(entry.at_ms).handed = True
        elif entry.kind is EntryKind.CASE and entry.data.get("state") in _ENDS and found:
            found[-1].over = True
    useless = _voted_down(entries)
    return [
        Contact(
            one.from_ms,
            one.last_ms,
            tuple(one.turns),
            handed=one.handed,
            downvoted=any(turn.seq in useless for turn in one.turns),
        )
        for one in found
    ]


def _verdict(contact: Contact, later: Iterable[Contact], ripe: bool) -> Verdict:
    if contact.handed:
        return Verdict.HANDED
    if contact.downvoted:
        return Verdict.DOWNVOTED
    asked = [turn for turn in contact.turns if turn.reaction is not Reaction.CHAT]
    if not asked:
        return Verdict.CHAT
    if asked[-1].reaction is not Reaction.ANSWER:
        return Verdict.UNANSWERED
    if _asked_twice(contact) or any(_comes_back(contact, one) for one in later):
        return Verdict.REPEATED
    return Verdict.RESOLVED if ripe else Verdict.PENDING


def _asked_twice(contact: Contact) -> bool:
    """An entry was answered a second time: the first did not do."""
    answered = [turn.entry_id for turn in contact.turns if turn.reaction is Reaction.ANSWER]
    return len(set(answered)) < len(answered)


def _comes_back(contact: Contact, later: Contact) -> bool:
    """Soon after, the same thing again, or a call for a person that names nothing else."""
    if later.from_ms - contact.last_ms > REPEAT_MS:
        return False
    return bool(set(contact.topics) & set(later.topics)) or (later.handed and not later.topics)


def _is_said(entry: Entry) -> bool:
    return entry.kind is EntryKind.MESSAGE and entry.author is Author.CUSTOMER and "left" not in entry.data


def _exchange(entry: Entry, replies: Sequence[Entry], understood: Understanding | None) -> Exchange:
    finding = understood.finding if understood is not None else None
    nearest = finding.candidates[0] if finding is not None and finding.candidates else None
    near = (nearest.entry_id, nearest.question) if nearest is not None else ("", "")
    for reply in replies:
        answer = reply.data.get("answer")
        if reply.data.get("kind") == "answer" and isinstance(answer, Mapping):
            named = [str(answer.get(name, "")) for name in ("entry_id", "question", "category")]
            return Exchange(entry.seq, entry.at_ms, entry.text, Reaction.ANSWER, *named)
    return Exchange(entry.seq, entry.at_ms, entry.text, _reaction(replies, understood), *near)


def _reaction(replies: Sequence[Entry], understood: Understanding | None) -> Reaction:
    """What it was when it was no answer."""
    if any(reply.data.get("kind") == "clarify" for reply in replies):
        return Reaction.CLARIFY
    missed = understood is not None and understood.finding is not None and understood.finding.outcome is Outcome.MISS
    if missed and understood is not None and understood.intent.name not in SMALL_TALK:
        return Reaction.MISS
    return Reaction.CHAT if replies else Reaction.NONE


def _voted_down(entries: Sequence[Entry]) -> set[int]:
    """The customer messages whose answer was voted 没用 last."""
    votes = {
        int(entry.data.get("about", 0)): bool(entry.data.get("useful"))
        for entry in entries
        if entry.kind is EntryKind.FEEDBACK and entry.data.get("what") == "vote"
    }
    return {
        int(entry.data.get("about", 0))
        for entry in entries
        if entry.kind is EntryKind.MESSAGE and entry.author is Author.BOT and votes.get(entry.seq) is False
    }
