"""Who gets which case, and why."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from contracts.escalation import Reason
from handoff.model import Agent, AgentStatus, Case, CaseState
from handoff.policy import DeskPolicy
from handoff.ports import Opening
from handoff.routing import match

NOW = 1_000_000


def agent(name: str, *, idle_ms: int = 1000, cap: int = 1, load: int = 0) -> Agent:
    return Agent(name, name, ("default",), cap, AgentStatus.READY, NOW, load=load, idle_since_ms=NOW - idle_ms)


def case(name: str, **more) -> Case:
    return Case(name, f"conversation-{name}", CaseState.WAITING, Reason.EXPLICIT_REQUEST, **more)


def opening(cases, agents, ready=None) -> Opening:
    free = tuple(sorted(agents, key=lambda one: one.idle_since_ms))
    names = frozenset(one.agent_id for one in agents) if ready is None else frozenset(ready)
    return Opening("default", tuple(cases), free, names, NOW)


def pairs(found) -> list[tuple[str, str]]:
    return [(one.case_id, one.agent_id) for one in found]


def test_the_first_in_line_goes_to_who_has_been_idle_longest():
    found = match(opening([case("a"), case("b")], [agent("new", idle_ms=5), agent("old", idle_ms=50)]), retry_ms=0)
    assert pairs(found) == [("a", "old"), ("b", "new")]
    assert "idle longest (50 ms)" in found[0].why


def test_places_are_filled_in_turn_and_never_beyond_the_cap():
    found = match(opening([case(c) for c in "abcdef"], [agent("x", cap=3, load=1), agent("y", cap=2)]), retry_ms=0)
    assert pairs(found) == [("a", "x"), ("b", "y"), ("c", "x"), ("d", "y")]


def test_who_passed_on_a_case_is_spared_it_while_others_are_ready_even_if_full():
    passed = case("a", excluded=("x",), released_ms=NOW - 99_999)
    assert pairs(match(opening([passed, case("b")], [agent("x")], ready=["x", "busy"]), retry_ms=0)) == [("b", "x")]
    assert pairs(match(opening([passed], [agent("x", idle_ms=9), agent("y", idle_ms=1)]), retry_ms=0)) == [("a", "y")]


def test_when_all_have_passed_on_it_the_first_who_did_gets_it_again_after_a_rest():
    passed = case("a", excluded=("y", "x"), released_ms=NOW - 10)
    agents = [agent("x", idle_ms=9), agent("y", idle_ms=1)]
    assert match(opening([passed], agents), retry_ms=11) == []
    (found,) = match(opening([passed], agents), retry_ms=10)
    assert found.agent_id == "y"
    assert "everybody" in found.why


names = st.sampled_from("abcdefgh")


@given(
    caps=st.dictionaries(names, st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 100)), max_size=6),
    excluded=st.lists(st.lists(names, unique=True, max_size=4), max_size=12),
)
def test_whatever_the_line_no_cap_is_exceeded_and_nobody_free_and_willing_is_left_idle(caps, excluded):
    free = [agent(n, cap=load + room, load=load, idle_ms=idle) for n, (load, room, idle) in caps.items() if room]
    cases = [case(str(n), excluded=tuple(out), released_ms=NOW) for n, out in enumerate(excluded)]
    found = match(opening(cases, free), retry_ms=1)
    assert len({one.case_id for one in found}) == len(found)
    left = {one.agent_id: one.cap - one.load for one in free}
    for one in found:
        left[one.agent_id] -= 1
        assert one.agent_id not in cases[int(one.case_id)].excluded
    assert all(places >= 0 for places in left.values())
    matched = {one.case_id for one in found}
    for one in cases:
        if one.case_id not in matched:
            assert all(places == 0 or name in one.excluded for name, places in left.items())


def test_a_vip_and_a_grave_reason_get_a_head_start_and_no_endless_one():
    policy = DeskPolicy()
    plain, grave = policy.priority(Reason.EXPLICIT_REQUEST), policy.priority(Reason.SENSITIVE)
    vip = policy.priority(Reason.EXPLICIT_REQUEST, vip=True)
    assert plain == (0, 0)
    assert grave > vip > plain
    assert all(0 <= policy.priority(reason, vip=True)[1] <= 30 * 60_000 for reason in Reason)


def test_a_reason_may_have_a_group_of_its_own():
    policy = replace(DeskPolicy(), groups={Reason.SENSITIVE: "safety"})
    assert (policy.group_for(Reason.SENSITIVE), policy.group_for(Reason.ANGER)) == ("safety", "default")
