"""What a customer may see: messages, the bare course of their case, and their own votes. Never notes, annotations,
fenced writes, evidence, login names or other inside details. And what of the inside is for some colleagues only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contracts.codec import encode
from contracts.conversation import ConversationView
from gateway import wire
from gateway.people import Person, Role

# What may pass of an entry's `data`; anything a later version adds stays inside until it is named here.
_MESSAGE_DATA = (
    *("kind", "buttons", "answer", "image", "notice", "card", "about", "agent_name", "wait"),
    *("attachments", "wordless", "told"),
)
_CASE_DATA = ("case_id", "state")
_FEEDBACK_DATA = ("what", "about", "useful", "score", "stretch", "wanted")
# Events in the inboxes of one process at a time, more or less; each frame is small.
_FRAMES = 256


def entry_for_customer(entry: dict[str, Any], display: Callable[[str], str]) -> dict[str, Any] | None:
    """An encoded log entry as its customer sees it, or None when it is not for them.

    `display` turns an agent's login name into the name shown.
    """
    kind, author = entry["kind"], entry["author"]
    if kind == "message":
        kept: tuple[str, ...] = _MESSAGE_DATA
    elif kind == "case":
        kept = _CASE_DATA
    elif kind == "feedback" and author == "customer":
        kept = _FEEDBACK_DATA
    else:
        return None
    data = entry.get("data") or {}
    return {
        "seq": entry["seq"],
        "at_ms": entry["at_ms"],
        "kind": kind,
        "author": author,
        "text": entry.get("text", "") if kind != "case" else "",
        "key": entry.get("key", "") if author == "customer" else "",
        "author_id": display(entry["author_id"]) if author == "agent" and entry.get("author_id") else "",
        "data": {name: data[name] for name in kept if name in data},
    }


class EntryFrames:
    """The frame of an entry as customers get it, made once for all pages that the same event reaches."""

    def __init__(self, display: Callable[[str], str]) -> None:
        self._display = display
        self._made: dict[int, tuple[dict[str, Any], str]] = {}  # by identity: the entry, kept so that it stays the same

    def of(self, entry: dict[str, Any]) -> str:
        """The JSON text, empty when it is not for customers."""
        known = self._made.get(id(entry))
        if known is None:
            shown = entry_for_customer(entry, self._display)
            if len(self._made) >= _FRAMES:
                self._made.clear()
            known = entry, wire.dumps({"type": "entry", "entry": shown}) if shown else ""
            self._made[id(entry)] = known
        return known[1]


def entry_is_for(entry: dict[str, Any], person: Person) -> bool:
    """Whether an encoded entry is for this person: a whisper is for the agent it was meant for, and for supervisors."""
    data = entry.get("data") or {}
    if not data.get("whisper"):
        return True
    return person.name in (data.get("to"), entry.get("author_id")) or person.may(Role.SUPERVISOR)


def view_for_customer(view: ConversationView) -> dict[str, Any]:
    """The state of a conversation as its customer sees it."""
    document: dict[str, Any] = encode(view)
    document["agent_id"] = ""
    document["profile"] = {}
    return document
