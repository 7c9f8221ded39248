"""When an agent has left, nothing live names them any more, whenever the departure was cut short and taken up again."""

from __future__ import annotations

import contextlib
import itertools
import random
from typing import Any

import pytest

from handoff.desk import Desk
from handoff.errors import DeskError, NotAllowed, Refused
from handoff.memory import MemoryBackend
from handoff.model import AgentStatus, CaseState
from handoff.ports import DeskBackend
from handoff.records.customers import Customers
from handoff.records.departures import Departures
from handoff.records.model import NOBODY, Owner
from handoff.records.ticket_desk import TicketDesk
from handoff.records.tickets import TicketVerb
from tests.contract.handoff.conftest import Shop


class Killed(BaseException):
    """The process died here."""


class Dying:
    """A backend whose caller dies at the `die_at`-th call, just before it is made or just after."""

    def __init__(self, backend: Any, die_at: int, *, after: bool, calls: itertools.count | None = None) -> None:
        self._backend, self._die_at, self._after = backend, die_at, after
        self._calls = calls or itertools.count(1)

    @property
    def records(self) -> Dying:
        return Dying(self._backend.records, self._die_at, after=self._after, calls=self._calls)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._backend, name)

        async def call(*arguments: Any, **named: Any) -> Any:
            dies = next(self._calls) == self._die_at
            if dies and not self._after:
                raise Killed
            answer = await method(*arguments, **named)
            if dies:
                raise Killed
            return answer

        return call


class Suspensions(list[str]):
    """Who was suspended, in order."""

    async def __call__(self, agent_id: str) -> None:
        self.append(agent_id)


def departures(desk: Desk, suspended: Suspensions | None = None) -> Departures:
    return Departures(desk, Customers(desk), suspended if suspended is not None else Suspensions())


async def everything_in_the_hands_of(shop, desk, customers, tickets) -> None:
    """wang holds a chat, one in wrap-up, one offered to them and one they hand on, is waited for, and owns the rest."""
    for name, cap in (("wang", 9), ("li", 0)):
        await shop.agent(name, cap=cap, groups=("default", "refund"))
    await shop.active("chat", "wang")
    closing, _ = await shop.active("closing", "wang")
    await desk.wrap_up("wang", closing.case_id)
    await shop.waiting("offered")
    handed, _ = await shop.active("handed", "wang")
    await shop.agent("li", cap=9, groups=("default", "refund"))
    await desk.transfer("wang", handed.case_id, note="你熟", to_agent="li")
    for number in range(3):
        await tickets.open_one("wang", key=f"t{number}", title=f"第 {number} 件", conversation_id="chat")
    await tickets.open_one("wang", key="none", title="与客户无关")
    finished = await tickets.open_one("wang", key="old", title="早已完成")
    await tickets.move(finished.ticket_id, "wang", TicketVerb.FINISH)
    for who in ("chat", "closing"):
        await customers.describe(who, "boss", owner=Owner("wang"))


async def nothing_names(desk: Desk, gone: str) -> None:
    """No open case, open ticket or customer has `gone` as its owner, and nobody waits for them."""
    assert await desk.agent_cases(gone) == []
    for case in [*await desk.queue(), *await desk.active_cases()]:
        assert gone not in (case.agent_id, case.offered_to, case.preferred)
    tickets = TicketDesk(desk, Customers(desk))
    assert all(one.owner.agent != gone for one in await tickets.open())
    assert await tickets.owned(Owner(gone)) == []
    assert await Customers(desk).owned(Owner(gone)) == []
    for opening in await desk._backend.openings(100):
        assert gone not in opening.ready | {agent.agent_id for agent in opening.free}


async def test_chats_tickets_and_customers_are_handed_on_and_the_customers_are_told(shop, desk, customers, tickets):
    await everything_in_the_hands_of(shop, desk, customers, tickets)
    suspended = Suspensions()
    done = await departures(desk, suspended).depart(
        "wang", "boss", heir=Owner("li"), display="小王", heir_display="小李"
    )
    assert suspended == ["wang"]
    assert (len(done.cases), len(done.tickets), sorted(done.customers)) == (4, 4, ["chat", "closing"])
    assert done.finished_ms
    await nothing_names(desk, "wang")
    chat = (await desk.cases_of("chat"))[0]
    assert (chat.state, chat.offered_to, chat.preferred) == (CaseState.OFFERED, "li", "li"), "li must accept"
    assert {one.owner for one in await tickets.open()} == {Owner("li")}
    assert {one.customer_id for one in await customers.owned(Owner("li"))} == {"chat", "closing"}
    told = [entry.text for entry in await desk.log("chat") if "小李" in entry.text]
    assert len(told) == 4, "three tickets and the owner"
    assert any("已离开" in entry.text for entry in await desk.log("chat"))
    assert (await tickets.done())[0].owner == Owner("wang"), "what is over stays as it was"


async def test_left_to_a_group_everything_is_the_groups(shop, desk, customers, tickets):
    await everything_in_the_hands_of(shop, desk, customers, tickets)
    await shop.agent("li", cap=0)
    await departures(desk).depart("wang", "boss", heir=Owner(group="refund"))
    await nothing_names(desk, "wang")
    chat = (await desk.cases_of("chat"))[0]
    assert (chat.state, chat.group) == (CaseState.WAITING, "refund")
    assert len(await tickets.owned(Owner(group="refund"))) == 4
    assert len(await customers.owned(Owner(group="refund"))) == 2


async def test_who_has_left_is_given_nothing_by_any_way(shop, desk, customers, tickets):
    await shop.agent("wang", cap=9)
    case, _ = await shop.active("ann", "wang")
    one = await tickets.open_one("li", key="t", title="回电")
    await departures(desk).depart("wang", "boss")
    for ways in (
        lambda: desk.agent_online("wang", display="王", cap=3, status=AgentStatus.READY),
        lambda: desk.heartbeat("wang"),
        lambda: desk.set_status("wang", AgentStatus.READY),
        lambda: desk.take_over("wang", case.case_id),
        lambda: desk.agent_say("wang", "ann", key="k", text="我还在", epoch=99),
    ):
        with pytest.raises(NotAllowed):
            await ways()
    for ways in (
        lambda: tickets.edit(one.ticket_id, "boss", owner=Owner("wang")),
        lambda: tickets.open_one("wang", key="n", title="回电"),
        lambda: customers.describe("ann", "boss", owner=Owner("wang")),
    ):
        with pytest.raises(Refused):
            await ways()
    assert await desk.drain() == 0
    await nothing_names(desk, "wang")


async def test_who_served_a_customer_last_is_not_waited_for_once_they_have_left(shop, desk):
    await shop.agent("wang", cap=9)
    case, _ = await shop.active("ann", "wang")
    await desk.resolve("wang", case.case_id, outcome={})
    await departures(desk).depart("wang", "boss")
    assert (await shop.waiting("ann")).preferred == ""


async def test_whoever_waits_for_the_leaver_waits_for_the_heir(shop, desk):
    await shop.agent("wang", cap=1)
    case, _ = await shop.active("ann", "wang")
    await desk.resolve("wang", case.case_id, outcome={})
    await shop.active("bob", "wang")
    assert (await shop.waiting("ann")).preferred == "wang"
    await shop.agent("li", cap=0)
    await departures(desk).depart("wang", "boss", heir=Owner("li"))
    assert (await desk.cases_of("ann"))[-1].preferred == "li"


async def test_an_heir_must_be_somebody_who_stays(shop, desk):
    await shop.agent("wang")
    await shop.agent("li")
    with pytest.raises(Refused):
        await departures(desk).depart("wang", "boss", heir=Owner("wang"))
    await departures(desk).depart("li", "boss")
    with pytest.raises(Refused):
        await departures(desk).depart("wang", "boss", heir=Owner("li"))
    assert await departures(desk).departure("wang") is None
    await desk.set_status("wang", AgentStatus.READY)


async def test_departing_again_changes_nothing_and_who_comes_back_works_again(shop, desk, customers, tickets):
    await everything_in_the_hands_of(shop, desk, customers, tickets)
    first = await departures(desk).depart("wang", "boss", heir=Owner("li"))
    assert await departures(desk).depart("wang", "boss", heir=Owner("li")) == first
    assert await departures(desk).all() == [first]
    await desk.readmit("wang")
    await shop.agent("wang", cap=9)
    one = await tickets.open_one("wang", key="again", title="回电")
    second = await departures(desk).depart("wang", "boss", heir=Owner("li"))
    assert second.tickets == (one.ticket_id,)
    await nothing_names(desk, "wang")


async def test_a_departure_under_way_keeps_its_heir(shop, backend, desk, customers, tickets):
    await everything_in_the_hands_of(shop, desk, customers, tickets)
    await died(backend, desk, 8, after=True)
    with pytest.raises(Refused):
        await departures(desk).depart("wang", "boss", heir=Owner(group="refund"))
    assert (await departures(desk).depart("wang", "boss")).heir == Owner("li")


async def test_an_heir_who_leaves_before_the_end_passes_everything_to_their_own(
    shop, backend, desk, customers, tickets
):
    await everything_in_the_hands_of(shop, desk, customers, tickets)
    await shop.agent("zhao", cap=9, groups=("default", "refund"))
    await died(backend, desk, 8, after=True)
    await departures(desk).depart("li", "boss", heir=Owner("zhao"))
    await departures(desk).depart("wang", "boss")
    for gone in ("wang", "li"):
        await nothing_names(desk, gone)
    assert {one.owner for one in await tickets.open()} == {Owner("zhao")}


async def died(backend: DeskBackend, desk: Desk, die_at: int, *, after: bool) -> bool:
    """Whether the departure of wang to li was cut short at that call."""
    dying: Any = Dying(backend, die_at, after=after)
    try:
        await departures(Desk(dying, desk.policy, clock=desk.clock_ms)).depart("wang", "boss", heir=Owner("li"))
    except Killed:
        return True
    return False


@pytest.mark.parametrize("after", [False, True])
async def test_killed_at_any_call_it_is_finished_by_asking_once_more(new_backend, clock, after):
    """Each moment in a fresh shop; over Redis every third, for each call is the same one there."""
    step = 1 if isinstance(new_backend(), MemoryBackend) else 3
    for die_at in range(1, 500, step):
        backend = new_backend()
        desk = Desk(backend, clock=clock)
        customers = Customers(desk)
        await everything_in_the_hands_of(Shop(desk, clock), desk, customers, TicketDesk(desk, customers))
        cut = await died(backend, desk, die_at, after=after)
        done = await departures(desk).depart("wang", "boss")
        assert done.finished_ms
        assert (len(done.cases), len(done.tickets), len(done.customers)) == (4, 4, 2), "none forgotten, none twice"
        await nothing_names(desk, "wang")
        told = [entry.text for entry in await desk.log("chat") if "工单" in entry.text]
        assert len(told) == 3, "a customer is told once"
        if not cut:
            assert die_at > 20, "it was cut short at each of its calls"
            return
    pytest.fail("the departure has no end")


@pytest.mark.parametrize("seed", range(12))
async def test_after_any_day_and_any_interruption_nothing_live_names_who_left(
    shop, desk, backend, customers, tickets, seed
):
    """A random day of chats, tickets and owners; a departure that dies; more of the day; and it is taken up again."""
    chance = random.Random(seed)
    crew = ["wang", "li", "zhao"]
    for name in crew:
        await shop.agent(name, cap=chance.randint(1, 4), groups=("default", "refund"))

    async def something() -> None:
        who, agent, other = f"c{chance.randrange(6)}", chance.choice(crew), chance.choice(crew)
        await desk.open(who)
        cases = [*await desk.queue(), *await desk.active_cases()]
        case = chance.choice(cases) if cases else None
        known = await tickets.open()
        one = chance.choice(known).ticket_id if known else ""
        deeds = [
            lambda: desk.request_human(who, key=shop.key()),
            lambda: desk.leave_message(who, key=shop.key(), text="请回电"),
            lambda: desk.rate(who, key=shop.key(), score=1),
            lambda: tickets.open_one(agent, key=shop.key(), title="回电", conversation_id=who),
            lambda: customers.describe(who, "boss", owner=Owner(agent)),
        ]
        if case:
            deeds += [
                lambda: desk.accept(case.offered_to or agent, case.case_id),
                lambda: desk.accept(case.offered_to or agent, case.case_id),
                lambda: desk.transfer(case.agent_id, case.case_id, note="请看", to_agent=other),
                lambda: desk.take_over(agent, case.case_id),
                lambda: desk.wrap_up(case.agent_id, case.case_id),
                lambda: desk.resolve(case.agent_id, case.case_id, outcome={"follow_up": {"title": "跟进"}}),
            ]
        if one:
            deeds += [
                lambda: tickets.edit(one, "boss", owner=Owner(agent)),
                lambda: tickets.move(one, agent, chance.choice(list(TicketVerb))),
            ]
        clock_ms = chance.choice([10, 1000, 20_000])
        shop.clock.forward(clock_ms)
        try:
            await chance.choice(deeds)()
        except DeskError:
            return

    for _ in range(60):
        await something()
    dying: Any = Dying(backend, chance.randrange(1, 30), after=chance.random() < 0.5)
    heir = chance.choice([Owner("li"), Owner(group="refund"), NOBODY])
    with contextlib.suppress(Killed):
        await departures(Desk(dying, desk.policy, clock=desk.clock_ms)).depart("wang", "boss", heir=heir)
    for _ in range(15):
        await something()
    await departures(desk).depart("wang", "boss")
    await nothing_names(desk, "wang")
    for _ in range(30):
        await something()
        await nothing_names(desk, "wang")
