"""Was the told wait true? Whole days of a shop are played through the real desk, on a clock that jumps.

Every customer is told a range when they join the line, and each minute after that; how long they really waited from
then on is compared with it. Agents accept after some seconds, cases take as long as the day's kind of work takes, and
customers lose patience. Nothing of the estimate is known to the play, and nothing of the play to the estimate but what
the desk sees.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from handoff.desk import Desk
from handoff.errors import Refused
from handoff.memory import MemoryBackend
from handoff.model import AgentStatus, CaseState
from tests.benchmarks.handoff.measured import quantile
from tests.benchmarks.table import Table

MINUTE_MS = 60_000
HOURS = 10
DAYS = 3
#: Of a shop in which many wait, each minute of each wait is told: one day has thousands of ranges, and takes a minute.
BUSY_DAYS = 1
ACCEPT_MS = (2_000, 15_000)
PATIENCE_MIN = 25.0
TOLD_EVERY_MS = MINUTE_MS
#: Of the day's customers, which share comes in each hour: quiet mornings, a peak before noon and one in the evening.
BY_HOUR = (0.05, 0.08, 0.14, 0.15, 0.08, 0.07, 0.09, 0.14, 0.13, 0.07)
#: The middle of the 200 plays that a told range is to hold (see estimate.LOW, HIGH).
NOMINAL = 0.80


@dataclass(frozen=True)
class Shop:
    """A kind of day. `load` is work that comes over work that can be done, `spread` the sigma of log handling time."""

    name: str
    agents: int
    cap: int
    load: float
    minutes: float
    spread: float
    breaks: bool = False
    days: int = DAYS


SHOPS = (
    Shop("small and calm", agents=4, cap=2, load=0.85, minutes=6, spread=0.5),
    Shop("busy, long peaks", agents=8, cap=3, load=1.05, minutes=7, spread=0.7, days=BUSY_DAYS),
    Shop("busy, agents take breaks", agents=8, cap=3, load=0.95, minutes=7, spread=0.7, breaks=True, days=BUSY_DAYS),
    Shop("long and short cases", agents=6, cap=2, load=1.0, minutes=8, spread=1.2),
    Shop("two agents, one chat each", agents=2, cap=1, load=0.95, minutes=6, spread=0.6),
)


@dataclass
class Told:
    """One range that a customer was told: at the start or later; what happened."""

    at_ms: int
    low_ms: int
    high_ms: int
    first: bool
    waited_ms: int | None = None


@dataclass
class Day:
    """One day of one shop."""

    shop: Shop
    seed: int
    now_ms: int = 1_800_000_000_000
    told: list[Told] = field(default_factory=list)
    untold: int = 0
    served: int = 0
    left: int = 0

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._numbers = itertools.count()
        self._plan: list[tuple[int, int, Callable[[], Awaitable[None]]]] = []
        self.desk = Desk(MemoryBackend(lambda: self.now_ms), clock=lambda: self.now_ms)
        self._planned: set[tuple[str, int]] = set()
        self._waiting: dict[str, list[Told]] = {}
        self._gone: dict[str, list[Told]] = {}

    async def play(self) -> None:
        """From opening to the last customer of the evening."""
        for number in range(self.shop.agents):
            await self._come(f"a{number}")
            if self.shop.breaks:
                self._at(self.now_ms + int((1.5 + number * 0.9) * 60 * MINUTE_MS), self._rest(f"a{number}"))
        self._customers()
        while self._plan:
            self.now_ms, _, step = heapq.heappop(self._plan)
            await step()
            await self._look_at_offers()

    def _at(self, when_ms: int, step: Callable[[], Awaitable[None]]) -> None:
        heapq.heappush(self._plan, (when_ms, next(self._numbers), step))

    def _customers(self) -> None:
        shop = self.shop
        mean_min = shop.minutes * math.exp(shop.spread**2 / 2)
        per_day = shop.load * shop.agents * shop.cap * HOURS * 60 / mean_min
        for hour, share in enumerate(BY_HOUR):
            at_ms = float(self.now_ms + hour * 60 * MINUTE_MS)
            end_ms = at_ms + 60 * MINUTE_MS
            while (at_ms := at_ms + self._dice.expovariate(per_day * share) * 60 * MINUTE_MS) < end_ms:
                self._at(int(at_ms), self._joins(f"c{next(self._numbers)}"))

    async def _come(self, agent: str) -> None:
        await self.desk.agent_online(agent, display=agent, cap=self.shop.cap, status=AgentStatus.READY)

    def _rest(self, agent: str) -> Callable[[], Awaitable[None]]:
        async def back() -> None:
            await self.desk.set_status(agent, AgentStatus.READY)

        async def step() -> None:
            await self.desk.set_status(agent, AgentStatus.BREAK)
            self._at(self.now_ms + 30 * MINUTE_MS, back)

        return step

    def _joins(self, who: str) -> Callable[[], Awaitable[None]]:
        async def step() -> None:
            await self.desk.open(who)
            await self.desk.request_human(who, key="k")
            self._waiting[who] = []
            await self._tell(who, first=True)
            self._at(self.now_ms + int(self._dice.expovariate(1 / PATIENCE_MIN) * MINUTE_MS), self._loses_patience(who))

        return step

    async def _tell(self, who: str, *, first: bool) -> None:
        self.desk._loads.clear()  # kept for a second by another clock, on which a whole day is less
        wait = await self.desk.waiting(who)
        if wait is None or who not in self._waiting:
            return
        if wait.low_ms is None or wait.high_ms is None:
            self.untold += first
        else:
            self._waiting[who].append(Told(self.now_ms, wait.low_ms, wait.high_ms, first))

        async def again() -> None:
            if who in self._waiting:
                await self._tell(who, first=False)

        self._at(self.now_ms + TOLD_EVERY_MS, again)

    def _loses_patience(self, who: str) -> Callable[[], Awaitable[None]]:
        async def step() -> None:
            if who in self._waiting:
                self.left += 1
                self._gone[who] = self._waiting.pop(who)
                await self.desk.cancel_wait(who)

        return step

    async def _look_at_offers(self) -> None:
        for case in await self.desk.queue():
            offer = case.case_id, case.attempts
            if case.state is CaseState.OFFERED and offer not in self._planned:
                self._planned.add(offer)
                after_ms = self._dice.randint(*ACCEPT_MS)
                self._at(self.now_ms + after_ms, self._accepts(case.case_id, case.conversation_id, case.offered_to))

    def _accepts(self, case_id: str, who: str, agent: str) -> Callable[[], Awaitable[None]]:
        async def closes() -> None:
            await self.desk.resolve(agent, case_id, outcome={"reason": "done"})

        async def step() -> None:
            try:
                await self.desk.accept(agent, case_id)
            except Refused:
                return  # the customer left at the last moment
            self.served += 1
            # Whoever left before would have been with an agent by now, had they stayed: they came earlier.
            number = int(who[1:])
            for name in [who, *(one for one in self._gone if int(one[1:]) < number)]:
                for told in self._waiting.pop(name, None) or self._gone.pop(name, []):
                    told.waited_ms = self.now_ms - told.at_ms
                    self.told.append(told)
            minutes = self._dice.lognormvariate(math.log(self.shop.minutes), self.shop.spread)
            self._at(self.now_ms + int(minutes * MINUTE_MS), closes)

        return step


def run() -> list[Table]:
    """Some minutes."""
    rows = []
    for shop in SHOPS:
        days = [Day(shop, seed) for seed in range(shop.days)]
        for day in days:
            asyncio.run(day.play())
        rows.append(_row(shop, days))
    about = (
        f"{DAYS} days of {HOURS} hours each ({BUSY_DAYS} of the two busy shops), customers by the hour with two "
        "peaks, played through the real desk over "
        f"the memory backend. A range holds the middle {NOMINAL:.0%} of the plays; inside, sooner and later say what "
        "happened; whoever left would have been served when the next behind them was. Later ranges are told each "
        f"minute of the wait. Left: lost patience (exponential, mean {PATIENCE_MIN:.0f} min). Width: median of high "
        "less low, over the median wait."
    )
    columns = (
        *("shop", "customers", "left", "no range", "median wait min", "p95 wait min"),
        *("inside at joining", "sooner", "later", "inside, told while waiting", "width"),
    )
    return [Table("The told wait, played back", about, columns, rows)]


def _row(shop: Shop, days: list[Day]) -> tuple[object, ...]:
    told = [one for day in days for one in day.told]
    first = [one for one in told if one.first and one.high_ms > 0 and _in_line(one)]
    later = [one for one in told if not one.first]
    waits = [one.waited_ms / MINUTE_MS for one in told if one.first and one.waited_ms is not None]
    width = quantile([(one.high_ms - one.low_ms) / MINUTE_MS for one in first], 0.5)
    middle = quantile([(one.waited_ms or 0) / MINUTE_MS for one in first], 0.5)
    return (
        shop.name,
        f"{sum(day.served + day.left for day in days):,}",
        f"{sum(day.left for day in days):,}",
        sum(day.untold for day in days),
        f"{quantile(waits, 0.5):.1f}",
        f"{quantile(waits, 0.95):.1f}",
        f"{_inside(first):.0%} of {len(first):,}",
        f"{sum((one.waited_ms or 0) < one.low_ms for one in first) / len(first):.0%}",
        f"{sum((one.waited_ms or 0) > one.high_ms for one in first) / len(first):.0%}",
        f"{_inside(later):.0%} of {len(later):,}",
        f"{width / middle:.1f}",
    )


def _in_line(one: Told) -> bool:
    """Somebody was really before them: who is offered at once is told "right now" and proves nothing."""
    return one.high_ms > 2 * ACCEPT_MS[1]


def _inside(told: list[Told]) -> float:
    return sum(one.low_ms <= (one.waited_ms or 0) <= one.high_ms for one in told) / max(len(told), 1)
