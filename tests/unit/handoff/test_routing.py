"""Who gets which case, and why."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from contracts.escalation import Reason
from handoff.config.groups import Group, Overflow
from handoff.model import Agent, AgentStatus, Case, CaseState
from handoff.overflow import Plan, first_ms, plan
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


def graded(name: str, level: int, *, idle_ms: int = 1000, cap: int = 1) -> Agent:
    return replace(agent(name, idle_ms=idle_ms, cap=cap), levels=(level,))


def of_levels(cases, agents, *, taken: int = 0, ready=None) -> Opening:
    ordered = tuple(sorted(agents, key=lambda one: (-one.level_in("default"), one.idle_since_ms)))
    levels = ready or sorted({one.level_in("default") for one in agents}, reverse=True)
    names = frozenset(one.agent_id for one in agents)
    return Opening("default", tuple(cases), ordered, names, NOW, tuple(levels), taken)


def test_the_better_agent_comes_before_the_one_who_has_been_idle_longer():
    found = match(of_levels([case("a"), case("b")], [graded("old", 1, idle_ms=99), graded("best", 3)]), retry_ms=0)
    assert pairs(found) == [("a", "best"), ("b", "old")]
    assert found[0].why.startswith("level 3, idle longest (1000 ms)")


def test_a_case_widens_by_one_level_that_is_ready_for_each_spell_of_waiting():
    group = Group("default", widen_s=10)
    agents = [graded("low", 1), graded("middle", 2)]
    for waited_ms, taken_by in ((0, []), (9_999, []), (10_000, ["middle"]), (19_999, ["middle"]), (20_000, ["middle"])):
        waiting = case("a", joined_ms=NOW - waited_ms)
        found = match(of_levels([waiting], agents, ready=[4, 2, 1]), retry_ms=0, group=group)
        assert [one.agent_id for one in found] == taken_by, waited_ms
    only_low = of_levels([case("a", joined_ms=NOW - 10_000)], [graded("low", 1)], ready=[4, 2, 1])
    assert match(only_low, retry_ms=0, group=group) == []
    later = of_levels([case("a", joined_ms=NOW - 20_000)], [graded("low", 1)], ready=[4, 2, 1])
    assert pairs(match(later, retry_ms=0, group=group)) == [("a", "low")]


def test_nobody_waits_for_a_level_at_which_nobody_is_there():
    found = match(of_levels([case("a", joined_ms=NOW)], [graded("low", 1)]), retry_ms=0, group=Group("d", widen_s=999))
    assert pairs(found) == [("a", "low")]


def test_who_owns_the_customer_is_asked_first_whatever_their_level():
    group = Group("default", widen_s=60)
    found = match(
        of_levels([case("a", joined_ms=NOW, preferred="low")], [graded("low", 1), graded("best", 5)]),
        retry_ms=0,
        group=group,
    )
    assert pairs(found) == [("a", "low")]


@given(taken=st.integers(0, 5), cap=st.integers(0, 5), waiting=st.integers(0, 6))
def test_a_group_never_gets_more_than_its_capacity(taken, cap, waiting):
    cases = [case(str(number)) for number in range(waiting)]
    found = match(of_levels(cases, [graded("x", 1, cap=9)], taken=taken), retry_ms=0, group=Group("default", cap=cap))
    assert len(found) == (min(waiting, max(cap - taken, 0)) if cap else waiting)


RULED = Group(
    "default",
    overflow=(
        Overflow(10, "message"),
        Overflow(20, "staff", agents=("boss", "deputy")),
        Overflow(40, "group", group="night"),
    ),
)


def waited(seconds: int, **more) -> Case:
    return case("a", joined_ms=NOW - seconds * 1000, **more)


def test_each_rule_of_overflow_applies_once_when_its_time_has_come():
    early = plan(waited(9), RULED, NOW, retry_ms=0)
    assert early == Plan(0, next_ms=NOW + 1000)
    invited = plan(waited(10), RULED, NOW, retry_ms=0)
    assert (invited.step, invited.invite, invited.staff, invited.to_group) == (1, True, (), "")
    assert invited.why == "waited 10 s in default"
    again = plan(waited(15, overflow_step=1), RULED, NOW, retry_ms=0)
    assert (again.invite, again.why, again.next_ms) == (False, "", NOW + 5000)
    moved = plan(waited(40, overflow_step=2), RULED, NOW, retry_ms=0)
    assert (moved.to_group, moved.step) == ("night", 3)


def test_people_named_for_emergencies_are_asked_until_somebody_takes_it():
    named = plan(waited(20, overflow_step=1), RULED, NOW, retry_ms=0)
    assert (named.staff, named.next_ms) == (("boss", "deputy"), NOW + 5000)
    after = plan(waited(25, overflow_step=2, excluded=("boss",), released_ms=NOW), RULED, NOW, retry_ms=1000)
    assert (after.staff, after.why) == (("deputy",), "")
    both = waited(25, overflow_step=2, excluded=("boss", "deputy"), released_ms=NOW - 500)
    assert plan(both, RULED, NOW, retry_ms=1000).staff == ()
    assert plan(both, RULED, NOW + 500, retry_ms=1000).staff == ("boss", "deputy")


def test_a_group_without_rules_is_never_looked_at_again():
    assert plan(waited(9999), Group("default"), NOW, retry_ms=0) == Plan(0, 0)
    assert first_ms(Group("default")) == 0
    assert first_ms(RULED) == 10_000
