"""What a finished turn amounts to: from the tracker's new events to a `TurnResult`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa.shared.core.events import ActionExecuted, BotUttered, Event, UserUttered

from bot.escalation_policy import ESCALATION
from bot.signals import intents, sentiment
from contracts.answer import Finding, Outcome
from contracts.codec import decode
from contracts.escalation import Escalation, Reason
from contracts.turn import BotMessage, Button, TurnResult
from contracts.understanding import Entity, Intent, Understanding

_SHOWN_INTENTS = 3


class SilentTurn(Exception):
    """The bot said nothing and no action meant to be silent: {the actions that ran}."""


def result_of(events: Sequence[Event]) -> TurnResult:
    """The result of the turn whose events, from the customer's message on, are `events`.

    Raises SilentTurn when there is nothing to say and nobody meant that, ContractError when an action's message does
    not fit its type.
    """
    said = next(event for event in events if isinstance(event, UserUttered))
    escalation = _escalation(events)
    messages: list[BotMessage] = []
    finding: Finding | None = None
    meant = False
    for event in events:
        if not isinstance(event, BotUttered):
            continue
        ours = ((event.data or {}).get("custom") or {}).get("jiehua")
        if ours is None:
            messages += _utterance(event)
            continue
        meant = True
        if ours.get("finding") is not None:
            finding = decode(Finding, ours["finding"])
        if escalation is not None and escalation.reason is Reason.MISSES and ours.get("outcome") == Outcome.MISS.value:
            continue  # the hand-over itself admits the miss
        messages += [decode(BotMessage, message) for message in ours.get("messages", ())]
    if not messages and not meant:
        ran = ", ".join(event.action_name or "" for event in events if isinstance(event, ActionExecuted))
        raise SilentTurn(ran)
    return TurnResult(tuple(messages), understanding_of(said, finding), escalation)


def understanding_of(said: UserUttered, finding: Finding | None) -> Understanding:
    """What was understood of the message `said`; entity offsets are into the customer's own words."""
    parsed = said.parse_data or {}
    ranking = intents(parsed)
    repeat = parsed.get("repeat") or {}
    original = str((said.metadata or {}).get("text") or said.text or "")
    return Understanding(
        intent=ranking[0] if ranking else Intent("", 0.0),
        ranking=ranking[:_SHOWN_INTENTS],
        entities=tuple(_entity(found, said.text or "", original) for found in parsed.get("entities") or ()),
        sentiment=sentiment(parsed),
        finding=finding,
        repeat_of=repeat.get("of"),
        repeat_similarity=float(repeat.get("similarity") or 0.0),
    )


def _escalation(events: Sequence[Event]) -> Escalation | None:
    for event in events:
        if isinstance(event, ActionExecuted) and event.metadata.get(ESCALATION):
            return decode(Escalation, event.metadata[ESCALATION])
    return None


def _utterance(event: BotUttered) -> list[BotMessage]:
    """A response of domain.yml."""
    if not event.text:
        return []
    buttons = tuple(
        Button(title=str(button.get("title", "")), payload=str(button.get("payload", "")))
        for button in (event.data or {}).get("buttons") or ()
    )
    return [BotMessage(event.text, buttons=buttons, image=str((event.data or {}).get("image") or ""))]


def _entity(found: dict[str, Any], read: str, original: str) -> Entity:
    """An entity with its place in `original`; `read` is the normalised text that was searched."""
    start, end = int(found.get("start", 0)), int(found.get("end", 0))
    if len(read) != len(original):
        # Normalising moved the characters: look for the words themselves, and give no place when they are not there.
        at = original.lower().find(read[start:end])
        start, end = (at, at + end - start) if at >= 0 else (0, 0)
    return Entity(str(found.get("entity", "")), str(found.get("value", "")), start, end)
