"""The table is the truth: what it has happens, what it lacks is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.errors import Refused
from handoff.lifecycle import TRANSITIONS, Verb, as_lua, as_mermaid, can, next_state
from handoff.model import OPEN_STATES, CaseState

ENDED = [CaseState.CLOSED, CaseState.ABANDONED]


@given(state=st.sampled_from(CaseState), verb=st.sampled_from(Verb))
def test_a_pair_is_either_in_the_table_or_refused(state, verb):
    if can(state, verb):
        assert next_state(state, verb) is TRANSITIONS[state, verb]
    else:
        with pytest.raises(Refused, match=verb.value):
            next_state(state, verb)


@given(st.lists(st.sampled_from(Verb), max_size=40))
def test_however_a_case_goes_an_end_is_an_end_and_only_accepting_leads_to_a_person(verbs):
    state, accepted = CaseState.WAITING, False
    for verb in verbs:
        before = state
        try:
            state = next_state(state, verb)
        except Refused:
            assert state is before
            continue
        assert before not in ENDED
        accepted = accepted or verb in (Verb.ACCEPT, Verb.TAKE_OVER, Verb.HAND_BACK, Verb.ANSWER)
        if state in (CaseState.ACTIVE, CaseState.WRAP_UP, CaseState.CLOSED):
            assert accepted


@pytest.mark.parametrize("state", ENDED)
def test_nothing_leads_out_of_an_end(state):
    assert not [verb for verb in Verb if can(state, verb)]


@pytest.mark.parametrize("state", sorted(OPEN_STATES))
def test_every_open_state_can_reach_an_end_and_is_reached(state):
    seen, frontier = {state}, [state]
    while frontier:
        here = frontier.pop()
        for (of, _), to in TRANSITIONS.items():
            if of is here and to not in seen:
                seen.add(to)
                frontier.append(to)
    assert seen.intersection(ENDED)
    assert state is CaseState.WAITING or state in TRANSITIONS.values()


def test_every_verb_has_a_row():
    assert {verb for _, verb in TRANSITIONS} == set(Verb)


def test_the_lua_rendering_holds_every_row_and_no_other():
    text = as_lua()
    assert text.count("='") == len(TRANSITIONS)
    for state in CaseState:
        row = text.split(f"{state.value}={{", 1)[1].split("}", 1)[0]
        cells = dict(cell.replace("'", "").split("=") for cell in row.split(",") if cell)
        assert cells == {verb.value: to.value for (of, verb), to in TRANSITIONS.items() if of is state}


def test_the_document_shows_the_diagram_of_the_table(root):
    page = (root / "docs" / "subsystems" / "handoff.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{as_mermaid()}\n```" in page
