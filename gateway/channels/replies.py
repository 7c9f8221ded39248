"""What a channel sends back: the log's messages in the form of Rasa's channels."""

from __future__ import annotations

from typing import Any

SPOKEN_BY_US = ("bot", "agent", "system")


def is_reply(entry: dict[str, Any]) -> bool:
    """Whether an encoded entry is something said to the customer."""
    return entry["kind"] == "message" and entry["author"] in SPOKEN_BY_US


def buttons_of(data: dict[str, Any]) -> list[dict[str, str]]:
    """The buttons of a bot message; what a client sends back is the payload.

    A payload that starts with a slash would be a command to Rasa, which a customer must not give: then the title.
    """
    buttons = []
    for button in data.get("buttons") or ():
        payload = button.get("payload") or ""
        buttons.append({"title": button["title"], "payload": button["title"] if payload[:1] in ("", "/") else payload})
    return buttons


def rasa_message(entry: dict[str, Any], recipient: str) -> dict[str, Any]:
    """An encoded entry as an element of the answer of Rasa's REST webhook.

    `custom` tells what Rasa's form has no place for: who speaks, the entry's number, the FAQ entry it comes from.
    """
    data = entry.get("data") or {}
    message: dict[str, Any] = {"recipient_id": recipient, "text": entry["text"]}
    buttons = buttons_of(data)
    if buttons:
        message["buttons"] = buttons
    if data.get("image"):
        message["image"] = data["image"]
    custom: dict[str, Any] = {"author": entry["author"], "seq": entry["seq"]}
    answer = data.get("answer")
    if answer:
        custom["answer"] = {
            name: answer.get(name, "") for name in ("entry_id", "question", "category", "updated", "source")
        }
    if data.get("kind") and data["kind"] != "text":
        custom["kind"] = data["kind"]
    message["custom"] = custom
    return message
