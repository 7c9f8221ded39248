"""How an action says something: bot messages and what they amount to, as one payload beside Rasa's own fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from contracts.answer import Finding
from contracts.codec import encode
from contracts.turn import BotMessage, Button

TO_A_PERSON = Button(title="转人工", payload="request_human")


def say(
    dispatcher: CollectingDispatcher,
    messages: Iterable[BotMessage],
    *,
    outcome: str,
    finding: Finding | None = None,
    entry_id: str = "",
    escalate: bool = False,
    noted: bool = False,
) -> None:
    """Send `messages` (none: the action means to be silent).

    `outcome` is "answer", "clarify", "miss", "chat" or "form"; `noted` marks the one notice to a waiting customer
    that an unanswered question is kept for the person.
    """
    payload: dict[str, Any] = {
        "outcome": outcome,
        "entry_id": entry_id,
        "escalate": escalate,
        "noted": noted,
        "messages": [encode(message) for message in messages],
    }
    if finding is not None:
        payload["finding"] = encode(finding)
    dispatcher.utter_message(json_message={"jiehua": payload})


def metadata(tracker: Tracker) -> dict[str, Any]:
    """What the channel says about this turn (bot/turn.py)."""
    return dict((tracker.latest_message or {}).get("metadata") or {})


def earlier(tracker: Tracker) -> list[dict[str, Any]]:
    """What our actions said in this session, oldest first (the payloads of `say`)."""
    found = []
    for event in tracker.events or ():
        ours = ((event.get("data") or {}).get("custom") or {}).get("jiehua")
        if event.get("event") == "bot" and ours is not None:
            found.append(ours)
    return found


def last_words(tracker: Tracker) -> Sequence[str]:
    """The texts of the bot's last utterance, or nothing."""
    for event in reversed(tracker.events or ()):
        if event.get("event") != "bot":
            continue
        ours = ((event.get("data") or {}).get("custom") or {}).get("jiehua")
        texts = [said.get("text", "") for said in ours.get("messages", ())] if ours else [event.get("text") or ""]
        texts = [text for text in texts if text]
        if texts:
            return texts
    return ()
