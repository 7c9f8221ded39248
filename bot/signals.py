"""What the triggers read of each customer turn, rebuilt from the events of a Rasa tracker."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable
from typing import Any

from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.core.events import BotUttered, Event, UserUttered

from contracts.understanding import Intent, Sentiment
from handoff.triggers import TurnSignals

logger = logging.getLogger(__name__)

HAND_OVER = "utter_hand_over"
_FORM_WORDS = frozenset({"utter_ask_order_number", "utter_form_cancelled"})
_NOT_HELPFUL_CONFIDENCE = 0.5


def turn_signals(events: Iterable[Event]) -> list[TurnSignals]:
    """The customer's turns since a person was last called, oldest first.

    A turn that was tried again replaces its first try.
    """
    history: list[TurnSignals] = []
    for event in events:
        if isinstance(event, UserUttered):
            heard = _heard(event)
            history = [turn for turn in history if turn.seq < heard.seq]
            history.append(heard)
        elif isinstance(event, BotUttered) and history:
            if str((event.metadata or {}).get("utter_action", "")).startswith(HAND_OVER):
                history = []
            else:
                history[-1] = _same_entry(history[:-1], _answered(history[-1], event))
    return history


def intents(parsed: dict[str, Any]) -> tuple[Intent, ...]:
    """The classifier's intents, best first; not the fallback that stands for "unsure", nor where the message went."""
    found = list(parsed.get("intent_ranking") or ()) or [parsed.get("intent") or {}]
    best: dict[str, float] = {}
    for intent in found:
        name = intent.get("name")
        if name and name != DEFAULT_NLU_FALLBACK_INTENT_NAME and name not in best:
            best[name] = float(intent.get("confidence") or 0.0)
    return tuple(Intent(name, round(confidence, 4)) for name, confidence in best.items())


def sentiment(parsed: dict[str, Any]) -> Sentiment | None:
    """The mood of a message, or None when it could not be read."""
    stored = parsed.get("sentiment")
    if not stored:
        return None
    try:
        # Not through the codec: this is read for every turn of the history, twice a turn, and we wrote it ourselves.
        return Sentiment(**{**stored, "words": tuple((word, weight) for word, weight in stored.get("words", ()))})
    except (TypeError, ValueError):
        logger.warning("A stored mood does not fit its type; it is left out.")
        return None


def customer_text(event: UserUttered) -> str:
    """The customer's own words (the event's text is normalised)."""
    return str((event.metadata or {}).get("text") or event.text or "")


def _heard(event: UserUttered) -> TurnSignals:
    parsed = event.parse_data or {}
    best = next(iter(intents(parsed)), Intent("", 0.0))
    repeat = parsed.get("repeat") or {}
    return TurnSignals(
        seq=int((event.metadata or {}).get("seq") or 0),
        text=customer_text(event),
        intent=best.name,
        confidence=best.confidence,
        sentiment=sentiment(parsed),
        outcome="none",
        repeat_of=repeat.get("of"),
        repeat_similarity=float(repeat.get("similarity") or 0.0),
        not_helpful=best.name == "not_helpful" and best.confidence >= _NOT_HELPFUL_CONFIDENCE,
    )


def _same_entry(earlier: list[TurnSignals], turn: TurnSignals) -> TurnSignals:
    """The turn, marked as a repetition when its answer was given before: the words differ, the question does not."""
    if turn.outcome != "answer" or not turn.entry_id:
        return turn
    before = next((other for other in reversed(earlier) if other.entry_id == turn.entry_id), None)
    if before is None:
        return turn
    return dataclasses.replace(turn, repeat_of=before.seq, repeat_similarity=1.0)


def _answered(turn: TurnSignals, event: BotUttered) -> TurnSignals:
    ours = ((event.data or {}).get("custom") or {}).get("jiehua")
    if ours is None:
        action = str((event.metadata or {}).get("utter_action", ""))
        return dataclasses.replace(turn, outcome="form" if action in _FORM_WORDS else "chat")
    return dataclasses.replace(
        turn,
        outcome=str(ours.get("outcome") or "none"),
        entry_id=str(ours.get("entry_id") or ""),
        entry_escalates=bool(ours.get("escalate")),
    )
