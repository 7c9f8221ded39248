"""What a customer may see of the log."""

from __future__ import annotations

import pytest

from contracts.codec import encode
from contracts.conversation import Author, ConversationView, Entry, EntryKind
from gateway import wire
from gateway.visible import EntryFrames, entry_for_customer, view_for_customer


def shown(**fields):  # type: ignore[no-untyped-def]
    entry = Entry(seq=1, at_ms=2, **{"author": Author.BOT, "text": "t", **fields})
    return entry_for_customer(encode(entry), {"xiaowang": "小王"}.get)


@pytest.mark.parametrize("kind", [EntryKind.NOTE, EntryKind.ANNOTATION, EntryKind.FENCED])
@pytest.mark.parametrize("author", list(Author))
def test_inside_entries_are_never_shown(kind: EntryKind, author: Author) -> None:
    assert shown(kind=kind, author=author) is None


def test_an_agents_login_name_becomes_their_displayed_name() -> None:
    entry = shown(kind=EntryKind.MESSAGE, author=Author.AGENT, author_id="xiaowang")
    assert entry["author_id"] == "小王"


def test_a_case_line_keeps_its_state_and_nothing_else() -> None:
    data = {"case_id": "c", "state": "waiting", "reason": "anger", "evidence": [1], "agent_id": "xiaowang", "why": "w"}
    entry = shown(kind=EntryKind.CASE, author=Author.SYSTEM, data=data, author_id="xiaowang")
    assert entry["data"] == {"case_id": "c", "state": "waiting"}
    assert entry["author_id"] == ""
    assert entry["text"] == ""


def test_of_a_message_only_named_data_passes() -> None:
    entry = shown(kind=EntryKind.MESSAGE, data={"kind": "answer", "answer": {"a": 1}, "scores": [1], "worker": "w"})
    assert entry["data"] == {"kind": "answer", "answer": {"a": 1}}


def test_keys_come_back_to_their_own_sender_only() -> None:
    assert shown(kind=EntryKind.MESSAGE, author=Author.CUSTOMER, key="k")["key"] == "k"
    assert shown(kind=EntryKind.MESSAGE, author=Author.AGENT, key="k", author_id="x")["key"] == ""


def test_votes_are_shown_to_who_cast_them() -> None:
    data = {"what": "vote", "about": 3, "useful": True, "inside": 1}
    assert shown(kind=EntryKind.FEEDBACK, author=Author.CUSTOMER, data=data)["data"] == {
        "what": "vote",
        "about": 3,
        "useful": True,
    }
    assert shown(kind=EntryKind.FEEDBACK, author=Author.AGENT, data=data) is None


def test_the_state_hides_login_and_profile() -> None:
    view = ConversationView(
        "web:x", "web", "agent", 2, 1, 5, "c", "active", "xiaowang", "小王", None, {"tags": ["vip"]}
    )
    document = view_for_customer(view)
    assert document["agent_id"] == ""
    assert document["profile"] == {}
    assert document["agent_name"] == "小王"


def test_a_frame_is_made_once_for_all_pages_of_one_event_and_is_what_each_would_make():
    asked = []

    def display(name: str) -> str:
        asked.append(name)
        return name.title()

    frames = EntryFrames(display)
    events = [
        {"seq": n, "at_ms": n, "kind": kind, "author": "agent", "author_id": "wang", "text": f"第{n}句", "data": {}}
        for n, kind in enumerate(["message", "note"] * 200)
    ]
    for event in events:
        made = [frames.of(event) for _ in range(3)]
        shown = entry_for_customer(event, str.title)
        assert made == [wire.dumps({"type": "entry", "entry": shown}) if shown else ""] * 3
    assert len(asked) == 200
