"""Both backends behind one fixture: every test of this folder runs over each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from handoff.desk import Desk
from handoff.memory import MemoryBackend
from handoff.model import AgentStatus
from handoff.policy import DeskPolicy
from handoff.ports import DeskBackend
from handoff.records.customers import Customers
from handoff.records.ticket_desk import TicketDesk
from handoff.redis.backend import RedisBackend

NO_OUTAGE_MS = 10**12  # clocks jump here from one sweep to the next; test_outages is about what is refused then


class Clock:
    """UTC milliseconds that move when told to."""

    def __init__(self) -> None:
        self.now_ms = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now_ms

    def forward(self, ms: int) -> None:
        self.now_ms += ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
async def new_backend(
    request: pytest.FixtureRequest, clock: Clock, tenant: str
) -> AsyncIterator[Callable[[], DeskBackend]]:
    """Makes backends of one kind, each with nothing in it."""
    made: list[DeskBackend] = []

    def make() -> DeskBackend:
        if request.param == "memory":
            made.append(MemoryBackend(clock))
        else:
            made.append(RedisBackend(request.getfixturevalue("redis_url"), f"{tenant}-{len(made)}", clock=clock))
        return made[-1]

    yield make
    for one in made:
        await one.close()


@pytest.fixture
def backend(new_backend: Callable[[], DeskBackend]) -> DeskBackend:
    return new_backend()


@pytest.fixture
def policy() -> DeskPolicy:
    return DeskPolicy(outage_ms=NO_OUTAGE_MS)


class Shop:
    """A desk with shorthands for what most tests begin with."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self.desk, self.clock = desk, clock
        self._keys = 0

    def key(self) -> str:
        self._keys += 1
        return f"k{self._keys}"

    async def agent(self, name: str, *, cap: int = 1, groups: tuple[str, ...] = ()) -> str:
        await self.desk.agent_online(name, display=name.title(), groups=groups, cap=cap, status=AgentStatus.READY)
        self.clock.forward(10)
        return name

    async def customer(self, name: str) -> str:
        await self.desk.open(name)
        return name

    async def waiting(self, name: str):
        """A customer who asked for a person just now; returns the case."""
        await self.customer(name)
        self.clock.forward(10)
        case = await self.desk.request_human(name, key=self.key())
        return await self.desk.case(case.case_id)

    async def active(self, customer: str, agent: str):
        """A customer who is with `agent`; returns (case, view)."""
        case = await self.waiting(customer)
        assert case.offered_to == agent
        view = await self.desk.accept(agent, case.case_id)
        return await self.desk.case(case.case_id), view

    async def say(self, customer: str, text: str = "在吗，我的包裹呢"):
        return await self.desk.say(customer, key=self.key(), text=text)


@pytest.fixture
def desk(backend: DeskBackend, policy: DeskPolicy, clock: Clock) -> Desk:
    return Desk(backend, policy, clock=clock)


@pytest.fixture
def customers(desk: Desk) -> Customers:
    return Customers(desk)


@pytest.fixture
def tickets(desk: Desk, customers: Customers) -> TicketDesk:
    return TicketDesk(desk, customers)


@pytest.fixture
def shop(desk: Desk, clock: Clock) -> Shop:
    return Shop(desk, clock)
