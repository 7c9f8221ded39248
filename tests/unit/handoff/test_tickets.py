"""The life of a ticket is a table, and its dates fall into business hours."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.calendar import BusinessCalendar
from handoff.errors import Refused
from handoff.records.model import Ticket, TicketKind, TicketState
from handoff.records.tickets import TRANSITIONS, TicketVerb, as_mermaid, can, due_ms, moved, next_state, ticket_id

HOUR_MS = 3_600_000
OFFICE = BusinessCalendar.parse("Asia/Shanghai", {"mon-fri": "9:00-18:00"}, holidays=["2026-10-01"])


def at(text: str) -> int:
    """A moment in Shanghai, in ms."""
    return int(datetime.fromisoformat(f"{text}:00+08:00").astimezone(timezone.utc).timestamp() * 1000)


def ticket(state: TicketState = TicketState.OPEN) -> Ticket:
    return Ticket("T1", TicketKind.MANUAL, state, "回电", next_ms=5, done_ms=3 if state is TicketState.DONE else 0)


@given(state=st.sampled_from(TicketState), verb=st.sampled_from(TicketVerb))
def test_a_pair_is_either_in_the_table_or_refused(state, verb):
    if can(state, verb):
        assert next_state(state, verb) is TRANSITIONS[state, verb]
    else:
        with pytest.raises(Refused, match=verb.value):
            next_state(state, verb)


@given(st.lists(st.sampled_from(TicketVerb), max_size=30))
def test_a_ticket_is_done_exactly_while_it_has_an_end_and_counts_its_reopenings(verbs):
    one, reopened = ticket(), 0
    for now, verb in enumerate(verbs, 10):
        if can(one.state, verb):
            one = moved(one, verb, now_ms=now)
            reopened += verb is TicketVerb.REOPEN
    assert (one.state is TicketState.DONE) == bool(one.done_ms)
    assert one.reopened == reopened
    assert one.next_ms == 5, "its date stays unless a new one is given"


def test_every_state_can_be_finished_and_every_end_reopened():
    for state in TicketState:
        assert can(state, TicketVerb.FINISH) == state.is_open
        assert can(state, TicketVerb.REOPEN) != state.is_open


@pytest.mark.parametrize(
    ("now", "wanted", "due"),
    [
        ("2026-11-23T10:00", "2026-11-24T11:30", "2026-11-24T11:30"),  # in hours: as wanted
        ("2026-11-23T10:00", "2026-11-24T20:00", "2026-11-25T09:00"),  # in the evening: the next morning
        ("2026-11-20T10:00", "2026-11-21T10:00", "2026-11-23T09:00"),  # on Saturday: Monday
        ("2026-09-30T10:00", "2026-10-01T10:00", "2026-10-02T09:00"),  # on a holiday: the day after
        ("2026-11-23T10:00", "2026-11-20T10:00", "2026-11-23T10:00"),  # in the past: now
        ("2026-11-20T16:00", None, "2026-11-23T11:00"),  # four business hours over a weekend
    ],
)
def test_the_next_action_falls_into_business_hours(now, wanted, due):
    found = due_ms(OFFICE, at(now), wanted_ms=at(wanted) if wanted else None, after_ms=4 * HOUR_MS)
    assert found == at(due)


def test_without_a_calendar_every_hour_is_a_business_hour():
    assert due_ms(None, 1000, after_ms=HOUR_MS) == 1000 + HOUR_MS
    assert due_ms(None, 1000, wanted_ms=7000) == 7000


def test_a_source_has_one_ticket_and_its_number_has_no_letters_that_are_misread():
    assert ticket_id("message c1") == ticket_id("message c1") != ticket_id("message c2")
    assert len({ticket_id(f"s{number}") for number in range(2000)}) == 2000
    assert not set("01ILOU") & set("".join(ticket_id(f"s{number}")[1:] for number in range(200)))


def test_the_document_shows_the_diagram_of_the_table(root):
    page = (root / "docs" / "subsystems" / "records.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{as_mermaid()}\n```" in page
