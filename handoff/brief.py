"""The brief: what an agent reads first, built from the log alone.

Pure: the same entries give the same brief, and every line names the message it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from contracts.codec import ContractError, decode
from contracts.conversation import Author, Entry, EntryKind
from contracts.understanding import Understanding
from handoff.model import BotTurn, Brief, Case, EarlierCase, Heard, Named, Promise, Suggestion
from handoff.readable import readable

MAX_SUGGESTIONS = 5
MAX_CANDIDATES = 3
# Turns that carry no problem of their own: asking for a person, greeting, thanking, saying yes.
SMALL_TALK = frozenset(
    {"affirm", "deny", "greet", "goodbye", "thanks", "helpful", "insult", "bot_challenge", "ask_capabilities"}
    | {"request_human", "cancel_handoff", "leave_message", "rate_service", "repeat_request", "cancel_form"}
    | {"small_talk_joke", "small_talk_mood", "small_talk_self", "small_talk_weather"}
)
_EMPTY_WORDS = re.compile(
    r"(你好|您好|在吗|在不在|有人吗|谢谢|转人工|人工(客服|服务)?|真人|客服|找(个)?人|转接|麻烦|帮我|我要|请问|请|[^\w\u4e00-\u9fff])"
)
_PROMISE = re.compile(
    r"(会|将|马上|稍后|尽快|今天|明天|\d+\s*(小时|分钟|天|个工作日)内?|工作日内)[^。！？\n]{0,16}"
    r"(联系|回复|回电|处理|答复|通知|退款|到账|发货|补发|安排|解决|跟进|上门|寄出)"
)
_CUSTOMER_ONLY_CARES_LATELY = 8


def build_brief(
    entries: Sequence[Entry],
    case: Case,
    *,
    earlier: Iterable[Case] = (),
    profile: dict[str, Any] | None = None,
) -> Brief:
    """Build the brief of `case` from the conversation's log (oldest first).

    The stretch that counts runs from the end of the case before this one; without it, from the beginning.
    """
    stretch = current_stretch(entries, case)
    understood = understandings(stretch)
    corrected = [e for e in stretch if e.kind is EntryKind.FEEDBACK and e.data.get("what") == "problem"]
    problem, problem_seq = (case.problem, case.problem_seq) if case.problem else problem_of(stretch)
    if corrected:
        problem, problem_seq = corrected[-1].text, corrected[-1].seq
    heard = tuple(_heard(entry, understood) for entry in stretch if _is_customer(entry))
    return Brief(
        case_id=case.case_id,
        conversation_id=case.conversation_id,
        problem=problem,
        problem_seq=problem_seq,
        corrected=bool(corrected),
        reason=case.reason,
        evidence=case.evidence,
        timeline=heard,
        entities=_entities(understood),
        bot_turns=_bot_turns(stretch),
        suggestions=_suggestions(heard),
        promises=_promises(stretch),
        notes=tuple(entry.text for entry in stretch if entry.kind is EntryKind.NOTE and entry.data.get("transfer")),
        earlier=tuple(
            EarlierCase(one.case_id, one.closed_ms, one.state.value, one.reason.value, one.outcome)
            for one in earlier
            if one.case_id != case.case_id
        ),
        profile=dict(profile or {}),
    )


def current_stretch(entries: Sequence[Entry], case: Case | None = None) -> Sequence[Entry]:
    """The entries since the last case that ended (other than `case` itself)."""
    start = 0
    for index, entry in enumerate(entries):
        ended = entry.kind is EntryKind.CASE and entry.data.get("state") in ("closed", "abandoned", "message_left")
        if ended and (case is None or entry.data.get("case_id") != case.case_id):
            start = index + 1
    return entries[start:]


def problem_of(entries: Sequence[Entry]) -> tuple[str, int]:
    """The customer's problem in their own words, with its log number; ("", 0) when they named none.

    Of their last few messages, the one that says most once greetings, the request itself and whatever nobody could
    read out (markup, code) are taken away; between messages that say as much, the later one.
    """
    understood = understandings(entries)
    said = [entry for entry in current_stretch(entries) if _is_customer(entry)][-_CUSTOMER_ONLY_CARES_LATELY:]
    best: tuple[int, str, int] | None = None
    for entry in said:
        known = understood.get(entry.seq)
        words = readable(entry.text)
        weight = min(len(_EMPTY_WORDS.sub("", words)), 24)
        if known is not None and known.intent.name in SMALL_TALK:
            weight //= 3
        if weight >= 2 and (best is None or weight >= best[0]):
            best = (weight, words, entry.seq)
    return best[1:] if best else ("", 0)


def understandings(entries: Iterable[Entry]) -> dict[int, Understanding]:
    """What the bot understood, by the number of the message; what cannot be read is left out."""
    found = {}
    for entry in entries:
        if entry.kind is EntryKind.ANNOTATION:
            try:
                found[int(entry.data["about"])] = decode(Understanding, entry.data["understanding"])
            except (ContractError, KeyError, TypeError, ValueError):
                continue
    return found


def _is_customer(entry: Entry) -> bool:
    return entry.kind is EntryKind.MESSAGE and entry.author is Author.CUSTOMER


def _heard(entry: Entry, understood: dict[int, Understanding]) -> Heard:
    known = understood.get(entry.seq)
    if known is None:
        return Heard(entry.seq, entry.text, "", 0.0)
    candidates = known.finding.candidates if known.finding else ()
    return Heard(
        seq=entry.seq,
        text=entry.text,
        intent=known.intent.name,
        confidence=known.intent.confidence,
        sentiment=known.sentiment.label if known.sentiment else "",
        anger=known.sentiment.anger if known.sentiment else 0.0,
        candidates=tuple(
            Suggestion(one.entry_id, one.question, one.probability, entry.seq) for one in candidates[:MAX_CANDIDATES]
        ),
    )


def _entities(understood: dict[int, Understanding]) -> tuple[Named, ...]:
    """Each thing named, once, with the message that named it last."""
    latest = {(thing.name, thing.value): seq for seq, known in sorted(understood.items()) for thing in known.entities}
    return tuple(Named(name, value, seq) for (name, value), seq in sorted(latest.items(), key=lambda item: item[1]))


def _bot_turns(entries: Sequence[Entry]) -> tuple[BotTurn, ...]:
    votes = {
        int(entry.data["about"]): "useful" if entry.data.get("useful") else "not_useful"
        for entry in entries
        if entry.kind is EntryKind.FEEDBACK and entry.data.get("what") == "vote"
    }
    turns = []
    for entry in entries:
        if entry.kind is EntryKind.MESSAGE and entry.author is Author.BOT:
            answer = entry.data.get("answer") or {}
            kind = str(entry.data.get("kind", "text"))
            turns.append(BotTurn(entry.seq, entry.text, kind, answer.get("entry_id", ""), votes.get(entry.seq, "")))
    return tuple(turns)


def _suggestions(heard: Iterable[Heard]) -> tuple[Suggestion, ...]:
    """The likeliest entries over the stretch, each once; between equals, the later message's."""
    best: dict[str, Suggestion] = {}
    for step in heard:
        for one in step.candidates:
            if one.entry_id not in best or one.probability >= best[one.entry_id].probability:
                best[one.entry_id] = one
    ranked = sorted(best.values(), key=lambda one: (-one.probability, -one.seq))
    return tuple(ranked[:MAX_SUGGESTIONS])


def _promises(entries: Sequence[Entry]) -> tuple[Promise, ...]:
    """What the bot or an agent said that reads like a promise; FAQ answers are the shop's rules, not promises."""
    found = []
    for entry in entries:
        speaks = entry.kind is EntryKind.MESSAGE and entry.author in (Author.AGENT, Author.BOT)
        if speaks and entry.data.get("kind") != "answer" and (match := _PROMISE.search(entry.text)):
            found.append(Promise(entry.seq, entry.author.value, match.group(0)))
    return tuple(found)
