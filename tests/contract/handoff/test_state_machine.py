"""Whatever happens in whatever order, Redis and memory agree, and what was promised holds.

Hypothesis plays customers, workers, agents and time against both backends at once, the memory backend being the
oracle. Both share one clock and mint the same case ids, so everything they answer must be equal.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from contracts.conversation import Author, Entry, EntryKind
from contracts.escalation import Escalation, Reason
from contracts.turn import BotMessage, TurnResult
from handoff.config.config import Config, with_document
from handoff.config.store import SettingsStore
from handoff.desk import Desk
from handoff.errors import DeskError
from handoff.memory import MemoryBackend
from handoff.model import AgentStatus, Case, CaseState
from handoff.policy import DeskPolicy
from handoff.records.customers import Customers
from handoff.records.departures import Departures
from handoff.records.model import Customer, Departure, Owner, Remark, Setting, Ticket
from handoff.records.ticket_desk import TicketDesk
from handoff.records.tickets import TicketVerb
from handoff.redis.backend import RedisBackend

CUSTOMERS = st.sampled_from(["ann", "bob", "cid"])
AGENTS = st.sampled_from(["wang", "li", "zhao"])
GROUPS = st.sampled_from(["default", "refund"])
KEYS = st.sampled_from([f"k{number}" for number in range(6)])
PICK = st.integers(0, 5)
RULES = with_document(
    Config(),
    "groups",
    {
        "groups": [
            {"name": "default", "widen_s": 15, "overflow": [{"after_s": 40, "to": "group", "group": "refund"}]},
            {
                "name": "refund",
                "cap": 1,
                "overflow": [
                    {"after_s": 20, "to": "message"},
                    {"after_s": 30, "to": "staff", "agents": ["zhao", "li"]},
                ],
            },
        ]
    },
)


class Machine(RuleBasedStateMachine):
    """Two desks, one story."""

    url: ClassVar[str] = ""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.now_ms = 1_800_000_000_000
        policy = DeskPolicy(lease_ms=3_600_000)
        self.desks = []
        for make in (self.memory, self.redis):
            ids = itertools.count(1)
            desk = Desk(make(), policy, new_id=lambda ids=ids: f"case{next(ids)}", clock=self.clock)
            self.desks.append(desk)
        self.turns: list[Any] = []
        self.things = 0
        self.epochs: dict[str, int] = {}

    def clock(self) -> int:
        return self.now_ms

    def memory(self) -> MemoryBackend:
        return MemoryBackend(self.clock)

    def redis(self) -> RedisBackend:
        return RedisBackend(self.url, f"m{uuid.uuid4().hex[:12]}", clock=self.clock)

    def both(self, call: Callable[[Desk], Awaitable[Any]]) -> Any:
        """Do the same at both desks; they must answer alike. Returns the answer, or None when both refused."""

        async def outcome(desk: Desk) -> tuple[str, Any]:
            try:
                return "answer", await call(desk)
            except DeskError as error:
                return "refused", type(error).__name__

        memory, redis = (self.loop.run_until_complete(outcome(desk)) for desk in self.desks)
        assert redis == memory
        return memory[1] if memory[0] == "answer" else None

    def cases(self) -> list[Any]:
        return self.both(lambda desk: desk.queue()) + [
            case for agent in ("wang", "li", "zhao") for case in self.both(lambda desk, a=agent: desk.agent_cases(a))
        ]

    def a_case(self, pick: int, *states: CaseState) -> Any:
        """One of the open cases, rather one in `states`; but sometimes any, for refusals must agree too."""
        cases = self.cases()
        fitting = [case for case in cases if case.state in states]
        chosen = fitting if fitting and pick else cases
        return chosen[pick % len(chosen)] if chosen else None

    @initialize(
        cap=st.integers(1, 2),
        ready=st.booleans(),
        outage_ms=st.sampled_from([10_000, 10**12]),
        so_far=st.integers(0, 4),
        rules=st.booleans(),
        mode=st.sampled_from(["bot_first", "bot_first", "person_first", "bot_only"]),
    )
    def a_working_day(self, cap: int, ready: bool, outage_ms: int, so_far: int, rules: bool, mode: str) -> None:
        """Customers are known and agents there, so that stories get somewhere within their steps."""
        config = with_document(RULES if rules else Config(), "entrances", {"entrances": {"*": {"mode": mode}}})
        for desk in self.desks:
            desk.policy = replace(desk.policy, outage_ms=outage_ms).under(config)
        for who in ("ann", "bob", "cid"):
            self.both(lambda desk, who=who: desk.open(who))
        status = AgentStatus.READY if ready else None
        for who in ("wang", "li"):
            self.both(
                lambda desk, who=who: desk.agent_online(
                    who, display=who, groups=("default", "refund"), cap=cap, status=status
                )
            )

        steps = [self.ann_is_offered, self.ann_is_served, self.ann_is_handed_on, self.ann_is_wrapped_up]
        for step in steps[: so_far if ready and mode != "bot_only" else 0]:
            step()

    # Where a story may begin: chance alone would seldom come so far.

    def anns_case(self) -> Any:
        view = self.both(lambda desk: desk.conversation("ann"))
        return self.both(lambda desk: desk.case(view.case_id))

    def ann_is_offered(self) -> None:
        self.both(lambda desk: desk.request_human("ann", key="first"))

    def ann_is_served(self) -> None:
        case = self.anns_case()
        self.both(lambda desk: desk.accept(case.offered_to, case.case_id))

    def ann_is_handed_on(self) -> None:
        case = self.anns_case()
        other = "li" if case.agent_id == "wang" else "wang"
        self.both(lambda desk: desk.transfer(case.agent_id, case.case_id, note="请看", to_agent=other))

    def ann_is_wrapped_up(self) -> None:
        case = self.anns_case()
        self.both(lambda desk: desk.accept(case.offered_to, case.case_id))
        self.both(lambda desk: desk.wrap_up(case.offered_to, case.case_id))

    @rule(who=CUSTOMERS, vip=st.booleans())
    def open(self, who: str, vip: bool) -> None:
        self.both(lambda desk: desk.open(who, profile={"vip": vip}))

    @rule(who=CUSTOMERS, key=KEYS)
    def say(self, who: str, key: str) -> None:
        self.both(lambda desk: desk.say(who, key=key, text=f"说 {key}"))

    @rule(who=CUSTOMERS, key=KEYS, reason=st.sampled_from([Reason.EXPLICIT_REQUEST, Reason.THREAT]))
    def request(self, who: str, key: str, reason: Reason) -> None:
        self.both(lambda desk: desk.request_human(who, key=key, reason=reason))

    @rule(who=CUSTOMERS)
    def cancel(self, who: str) -> None:
        self.both(lambda desk: desk.cancel_wait(who))

    @rule(who=CUSTOMERS, key=KEYS)
    def leave_message(self, who: str, key: str) -> None:
        self.both(lambda desk: desk.leave_message(who, key=key, text="请回电"))

    @rule(who=AGENTS, key=KEYS)
    def answer_message(self, who: str, key: str) -> None:
        for case in self.both(lambda desk: desk.messages_left())[:1]:
            self.both(lambda desk, one=case.case_id: desk.answer_message(who, one, key=key, text="已处理"))

    @rule(who=AGENTS, heir=AGENTS, group=GROUPS, person=st.booleans())
    def depart(self, who: str, heir: str, group: str, person: bool) -> None:
        to = Owner(agent=heir) if person else Owner(group=group)
        left = self.both(lambda desk: self.departures(desk).depart(who, "boss", heir=to))
        if left is not None:
            self.nothing_is_left_of(who)

    @rule(who=AGENTS)
    def readmit(self, who: str) -> None:
        self.both(lambda desk: desk.readmit(who))

    def departures(self, desk: Desk) -> Departures:
        async def suspend(_: str) -> None:
            return None

        return Departures(desk, Customers(desk), suspend)

    def nothing_is_left_of(self, who: str) -> None:
        """No open case, ticket or customer names them any more."""
        assert self.both(lambda desk: desk.agent_cases(who)) == []
        assert not [case for case in self.cases() if case.preferred == who]
        assert not [one for one in self.both(lambda desk: self.tickets(desk).open()) if one.owner.agent == who]
        assert self.both(lambda desk: Customers(desk).owned(Owner(who))) == []

    def tickets(self, desk: Desk) -> TicketDesk:
        return TicketDesk(desk, Customers(desk))

    @rule(who=CUSTOMERS, key=KEYS, score=st.sampled_from([1, 1, 5]))
    def rate(self, who: str, key: str, score: int) -> None:
        self.both(lambda desk: desk.rate(who, key=key, score=score))

    @rule(who=CUSTOMERS, agent=AGENTS, group=GROUPS, mine=st.booleans())
    def own_customer(self, who: str, agent: str, group: str, mine: bool) -> None:
        owner = Owner(agent) if mine else Owner(group=group)
        self.both(lambda desk: Customers(desk).describe(who, "boss", owner=owner))

    @rule(who=CUSTOMERS, into=CUSTOMERS, split=st.booleans())
    def merge(self, who: str, into: str, split: bool) -> None:
        if split:
            self.both(lambda desk: Customers(desk).split(who, "boss"))
        else:
            self.both(lambda desk: Customers(desk).merge(who, into, "boss"))
        self.both(lambda desk: Customers(desk).own_thread(who))

    @rule(who=CUSTOMERS, agent=AGENTS, key=KEYS)
    def open_ticket(self, who: str, agent: str, key: str) -> None:
        self.both(lambda desk: self.tickets(desk).open_one(agent, key=key, title="回电", conversation_id=who))

    @rule(pick=PICK, by=AGENTS, key=KEYS, verb=st.sampled_from([*TicketVerb, "take", "answer", "note", "reply"]))
    def work_on_ticket(self, pick: int, by: str, key: str, verb: str) -> None:
        known = self.both(lambda desk: self.tickets(desk).open()) + self.both(lambda desk: self.tickets(desk).done())
        if not known:
            return
        one = known[pick % len(known)].ticket_id
        if verb == "take":
            self.both(lambda desk: self.tickets(desk).edit(one, by, owner=Owner(by)))
        elif verb == "answer":
            self.both(lambda desk: self.tickets(desk).answer(one, by, key=key, text="好了", then=None))
        elif verb == "note":
            self.both(lambda desk: self.tickets(desk).note(one, by, key=key, text="打过电话"))
        elif verb == "reply":
            self.both(lambda desk: self.tickets(desk).reply(one, key=key, text="还没好"))
        else:
            self.both(lambda desk: self.tickets(desk).move(one, by, TicketVerb(verb)))
        self.both(lambda desk: self.tickets(desk).remarks(one))

    @rule(who=CUSTOMERS, key=KEYS)
    def correct(self, who: str, key: str) -> None:
        self.both(lambda desk: desk.correct_problem(who, key=key, text="其实是退款"))

    @rule(steal=st.booleans())
    def claim(self, steal: bool) -> None:
        claimed = []

        async def take(desk: Desk) -> Any:
            lease_ms = 0 if steal else desk.policy.lease_ms
            turn = await desk._backend.claim_turn("w", wait_ms=0, lease_ms=lease_ms)
            claimed.append(turn)
            return turn and (turn.turn_id, turn.text, turn.epoch, turn.case_state, turn.outcome, turn.attempt, turn.vip)

        self.both(take)
        if claimed[0] is not None:
            self.turns.append(claimed)

    @precondition(lambda self: self.turns)
    @rule(pick=PICK, escalate=st.booleans(), fail=st.booleans())
    def finish(self, pick: int, escalate: bool, fail: bool) -> None:
        turns = dict(zip(self.desks, self.turns[pick % len(self.turns)]))
        result = TurnResult((BotMessage("答"),), None, Escalation(Reason.ANGER) if escalate else None)
        if fail:
            self.both(lambda desk: desk.fail_turn(turns[desk], error="x"))
        else:
            self.both(lambda desk: desk.finish_turn(turns[desk], result))

    @rule(
        who=AGENTS,
        cap=st.integers(0, 2),
        groups=st.sets(GROUPS, min_size=1),
        ready=st.booleans(),
        levels=st.none() | st.lists(st.integers(1, 3), min_size=2, max_size=2),
    )
    def online(self, who: str, cap: int, groups: set[str], ready: bool, levels: list[int] | None) -> None:
        status = AgentStatus.READY if ready else None
        named = tuple(sorted(groups))
        well = tuple(levels[: len(named)]) if levels else ()
        self.both(lambda desk: desk.agent_online(who, display=who, groups=named, cap=cap, status=status, levels=well))

    @rule(who=AGENTS, status=st.sampled_from([*AgentStatus, AgentStatus.READY]))
    def status(self, who: str, status: AgentStatus) -> None:
        self.both(lambda desk: desk.set_status(who, status))

    @rule(who=AGENTS, away=st.booleans())
    def presence(self, who: str, away: bool) -> None:
        self.both(lambda desk: desk.agent_offline(who) if away else desk.heartbeat(who))

    @rule(pick=PICK, right=st.integers(0, 4), who=AGENTS)
    def accept(self, pick: int, right: int, who: str) -> None:
        case = self.a_case(pick, CaseState.OFFERED)
        if case:
            agent = case.offered_to if right and case.offered_to else who
            self.both(lambda desk: desk.accept(agent, case.case_id))

    @rule(pick=PICK)
    def decline(self, pick: int) -> None:
        case = self.a_case(pick, CaseState.OFFERED)
        if case:
            self.both(lambda desk: desk.decline(case.offered_to or "wang", case.case_id, reason="忙"))

    @rule(who=CUSTOMERS, key=KEYS, agent=AGENTS, owner=st.integers(0, 4), behind=st.sampled_from([0, 0, 0, 1]))
    def agent_say(self, who: str, key: str, agent: str, owner: int, behind: int) -> None:
        view = self.both(lambda desk: desk.conversation(who))
        if view:
            speaker = view.agent_id if owner and view.agent_id else agent
            self.both(lambda desk: desk.agent_say(speaker, who, key=key, text="您好", epoch=view.epoch - behind))

    @rule(pick=PICK, to_agent=AGENTS, group=GROUPS, person=st.booleans())
    def transfer(self, pick: int, to_agent: str, group: str, person: bool) -> None:
        case = self.a_case(pick, CaseState.ACTIVE)
        if case:
            target = {"to_agent": to_agent} if person else {"to_group": group}
            self.both(lambda desk: desk.transfer(case.agent_id or "wang", case.case_id, note="请看", **target))

    @rule(
        pick=PICK, who=AGENTS, verb=st.sampled_from(["wrap_up", "resolve", "follow_up", "take_over", "resolve_other"])
    )
    def close(self, pick: int, who: str, verb: str) -> None:
        case = self.a_case(pick, CaseState.ACTIVE, CaseState.WRAP_UP)
        if not case:
            return
        if verb == "wrap_up":
            self.both(lambda desk: desk.wrap_up(case.agent_id or who, case.case_id))
        elif verb == "take_over":
            self.both(lambda desk: desk.take_over(who, case.case_id))
        else:
            agent = who if verb == "resolve_other" else case.agent_id
            more = {"follow_up": {"title": "看看退款到了没有"}} if verb == "follow_up" else {}
            outcome = {"reason": "done", "tags": [], **more}
            self.both(lambda desk: desk.resolve(agent, case.case_id, outcome=outcome))

    @rule(first_s=st.integers(1, 3), version=st.integers(0, 2))
    def set_targets(self, first_s: int, version: int) -> None:
        document = {"standard": {"first_s": first_s, "next_s": 60}}
        for call in (
            lambda store: store.put("targets", document, by="boss", version=version),
            lambda store: store.history("targets"),
        ):
            self.both(lambda desk, call=call: call(SettingsStore(desk.records, desk.clock_ms)))

    @rule(ms=st.sampled_from([1, 10_000, 30_000, 46_000, 700_000]), sweep=st.booleans())
    def time_passes(self, ms: int, sweep: bool) -> None:
        self.now_ms += ms
        if sweep:
            self.both(lambda desk: desk.sweep())

    @rule(pick=PICK, behind_ms=st.sampled_from([-1, 0, 1]))
    def an_offer_runs_out(self, pick: int, behind_ms: int) -> None:
        """Time passes to about the deadline of an offer, with sweeps on the way, and one then."""
        case = self.a_case(max(pick, 1), CaseState.OFFERED)
        if case and case.state is CaseState.OFFERED:
            while self.now_ms < case.offer_deadline_ms + behind_ms:
                self.now_ms = min(self.now_ms + 8_000, case.offer_deadline_ms + behind_ms)
                for agent in ("wang", "li"):
                    self.both(lambda desk, agent=agent: desk.heartbeat(agent))
                self.both(lambda desk: desk.sweep())

    @rule(pick=PICK, beating=AGENTS)
    def agents_fall_silent(self, pick: int, beating: str) -> None:
        """All but one are unheard for the grace period of a running shop."""
        until_ms = self.now_ms + self.desks[0].policy.grace_ms + pick
        while self.now_ms < until_ms:
            self.now_ms += 9_000
            self.both(lambda desk: desk.heartbeat(beating))
            self.both(lambda desk: desk.sweep())

    @rule(pick=PICK)
    def the_customer_has_one_more_thing(self, pick: int) -> None:
        """Something new is said while a case is in wrap-up, or with an agent."""
        case = self.a_case(max(pick, 1), CaseState.WRAP_UP, CaseState.ACTIVE)
        if case:
            self.things += 1
            self.both(lambda desk: desk.say(case.conversation_id, key=f"t{self.things}", text="还有一件事"))

    @rule(steal=st.booleans())
    def signs_of_life(self, steal: bool) -> None:
        """A worker names turns it once had, some of which are others' or done by now."""
        for turns in self.turns[-3:]:
            mine = dict(zip(self.desks, turns))
            self.both(lambda desk, mine=mine: desk.turn_alive("thief" if steal else "w", [mine[desk]]))

    @invariant()
    def both_tell_the_same(self) -> None:
        self.both(lambda desk: desk.queue())
        self.both(lambda desk: desk.agents())
        self.both(lambda desk: desk.glance(["ann", "bob", "cid"]))
        self.both(lambda desk: desk.active_cases())
        self.both(lambda desk: desk.messages_left())
        self.both(lambda desk: desk.late())
        self.both(lambda desk: self.tickets(desk).open())
        self.both(lambda desk: self.tickets(desk).overdue())
        self.both(lambda desk: self.tickets(desk).done())
        for group in ("default", "refund"):
            self.both(lambda desk, group=group: desk._backend.group_load(group))

    @invariant()
    def promises_hold(self) -> None:
        agents = self.both(lambda desk: desk.agents())
        held = {agent.agent_id: self.both(lambda desk, a=agent.agent_id: desk.agent_cases(a)) for agent in agents}
        for agent in agents:
            assert agent.load == len(held[agent.agent_id])
        for who in ("ann", "bob", "cid"):
            view = self.both(lambda desk, who=who: desk.conversation(who))
            if view is None:
                continue
            assert view.epoch >= self.epochs.get(who, 0), "the epoch never falls"
            self.epochs[who] = view.epoch
            assert (view.owner == "agent") == bool(view.agent_id)
            if view.case_id:
                case = self.both(lambda desk, one=view.case_id: desk.case(one))
                assert case.state.is_open
                owners = [name for name, cases in held.items() if case in cases and case.agent_id == name]
                assert owners == ([view.agent_id] if view.owner == "agent" else [])
                assert (case.state in (CaseState.ACTIVE, CaseState.WRAP_UP)) <= (view.owner == "agent")
            else:
                assert view.owner == "bot", "an agent owns only through an open case"

    def teardown(self) -> None:
        try:
            for who in ("ann", "bob", "cid"):
                log = self.both(lambda desk, who=who: desk.log(who, limit=1000))
                if log is not None:
                    self.check_log(log)
            self.check_outbox()
        finally:
            for desk in self.desks:
                self.loop.run_until_complete(desk.close())
            self.loop.close()

    def check_outbox(self) -> None:
        """Both handed in the same changes in the same order, and they amount to what is there."""

        async def changes(desk: Desk) -> list[Any]:
            return [(one.conversation_id, one.content) for one in await desk._backend.outbox.take(10_000, wait_ms=0)]

        handed_in = self.both(changes)
        for who in ("ann", "bob", "cid"):
            entries = [content for one, content in handed_in if one == who and isinstance(content, Entry)]
            assert entries == (self.both(lambda desk, who=who: desk.log(who, limit=1000)) or [])
        for case in {one.case_id: one for _, one in handed_in if isinstance(one, Case)}.values():
            assert case == self.both(lambda desk, one=case.case_id: desk.case(one))
        for kind in (Customer, Ticket, Departure, Setting):
            for one in {one.record_id: one for _, one in handed_in if isinstance(one, kind)}.values():
                assert one == self.both(lambda desk, k=kind, i=one.record_id: desk.records.record(k, i))
                told = [said for _, said in handed_in if isinstance(said, Remark) and said.record_id == one.record_id]
                told = [said for said in told if said.kind == kind.kind]
                kept = self.both(lambda desk, k=kind, i=one.record_id: desk.records.remarks(k, i, limit=1000))
                assert told == kept
                assert [said.seq for said in told] == list(range(1, len(told) + 1))

    @staticmethod
    def check_log(log: list[Any]) -> None:
        """No number is missing, no key said twice, and the bot never speaks while an agent has the conversation."""
        assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
        messages = [entry for entry in log if entry.kind is EntryKind.MESSAGE and "left" not in entry.data]
        said = Counter(entry.key for entry in messages if entry.author is Author.CUSTOMER)
        assert all(times <= 1 for times in said.values()), "a key is said once"
        with_agent = False
        for entry in log:
            verb = entry.data.get("verb", entry.data.get("notice", ""))
            if verb in ("accept", "take_over"):
                with_agent = True
            elif verb in ("resolve", "transfer_group", "lose", "lost"):
                with_agent = False
            assert not (with_agent and entry.kind is EntryKind.MESSAGE and entry.author is Author.BOT)


@pytest.mark.redis
@pytest.mark.slow
def test_redis_and_memory_agree_whatever_happens(redis_url: str) -> None:
    machine = type("OverRedis", (Machine,), {"url": redis_url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=int(os.environ.get("JIEHUA_MACHINE_EXAMPLES", "30")),
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
