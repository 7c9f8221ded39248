"""The figures of the reports page: a period of whole days in the shop's time zone, counted from the archive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from contracts.codec import encode
from gateway.archive import Shelved
from gateway.asked import PROBE
from gateway.errors import BadRequest, Missing
from gateway.people import People
from gateway.report_tables import TABLES, ratings
from gateway.settings import Settings
from handoff.calendar import ALWAYS_OPEN, BusinessCalendar
from handoff.config.targets import Targets
from handoff.days import ZONE, begins_ms, day_of
from handoff.policy import DeskPolicy
from handoff.report import reports
from handoff.report_model import Report, Reports
from knowledge_base.files import Reader
from knowledge_base.tables import write_csv
from language.personal import masked

Document = dict[str, Any]
MOST_DAYS = 366
#: So many days are drawn day by day; more of them week by week.
MOST_DAILY = 62
HOUR_MS = 3_600_000
# The page, its tables and the next supervisor need not count the same days again at once.
KEPT_S = 20.0
_KEPT = 8


@dataclass(frozen=True)
class Rules:
    """What the shop has set that reports count by: hours (None: somebody is always there), zone, and targets."""

    calendar: BusinessCalendar | None = None
    zone_name: str = ZONE
    targets: Targets = field(default_factory=Targets)

    @classmethod
    def of(cls, policy: DeskPolicy) -> Rules:
        """What is in force now."""
        zone = policy.calendar.zone if policy.calendar is not None else policy.config.calendar.zone
        return cls(policy.calendar, zone, policy.config.targets)

    @property
    def zone(self) -> ZoneInfo:
        """Where the shop's days begin."""
        return ZoneInfo(self.zone_name)


@dataclass(frozen=True)
class Period:
    """Whole days from `first` to `last`, both included, and how they are divided for the charts."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def step(self) -> str:
        """`hour`, `day` or `week`."""
        days = (self.last - self.first).days + 1
        return "hour" if days == 1 else "day" if days <= MOST_DAILY else "week"

    @property
    def edges_ms(self) -> tuple[int, ...]:
        """Where the parts begin, and the end of the last."""
        end = begins_ms(self.last + timedelta(days=1), self.zone)
        if self.step == "hour":
            return (*range(begins_ms(self.first, self.zone), end, HOUR_MS), end)
        every = 7 if self.step == "week" else 1
        offsets = range(0, (self.last - self.first).days + 1, every)
        return (*(begins_ms(self.first + timedelta(days=offset), self.zone) for offset in offsets), end)

    def labels(self) -> list[str]:
        """What the parts are called: 2026-11-03, or 2026-11-03 10:00."""
        shape = "%Y-%m-%d %H:%M" if self.step == "hour" else "%Y-%m-%d"
        return [datetime.fromtimestamp(low / 1000, self.zone).strftime(shape) for low, _ in pairwise(self.edges_ms)]


@dataclass(frozen=True)
class _Counted:
    period: Period
    rules: Rules
    found: Reports
    archived: bool
    at_ms: int


class Figures:
    """Counts periods for supervisors, one after another: counting is the processor's work and chats go first."""

    def __init__(
        self,
        settings: Settings,
        people: People,
        rules: Callable[[], Rules],
        *,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._shelved = Shelved(settings)
        self._reader = Reader(settings.faq)
        self._people = people
        self._rules = rules
        self._clock = clock
        self._counting = asyncio.Lock()
        self._kept: list[_Counted] = []  # the latest last

    async def page(self, first: date | None, last: date | None, *, days: int) -> Document:
        """Everything the page shows of these days; of the last `days` where a day is not given."""
        counted = await self._counted(first, last, days)
        period, found = counted.period, counted.found
        return {
            "from": period.first.isoformat(),
            "to": period.last.isoformat(),
            "today": self._today().isoformat(),
            "zone": period.zone.key,
            "step": period.step,
            "at_ms": counted.at_ms,
            "archived": counted.archived,
            "report": encode(found.whole),
            "parts": [_point(label, part) for label, part in zip(period.labels(), found.parts, strict=True)],
            "names": await asyncio.to_thread(self._names),
        }

    async def table(self, name: str, first: date | None, last: date | None, *, days: int) -> tuple[str, bytes]:
        """One table as a file: its name and its bytes. Raises Missing."""
        if name not in TABLES:
            raise Missing("没有这张表。")
        counted = await self._counted(first, last, days)
        period = counted.period
        rows = TABLES[name](counted.found, period.labels(), await asyncio.to_thread(self._names))
        return f"report-{name}-{period.first}-{period.last}.csv", write_csv(rows)

    async def _counted(self, first: date | None, last: date | None, days: int) -> _Counted:
        rules = self._rules()
        last = last or (first + timedelta(days=days - 1) if first is not None else self._today())
        first = first or last - timedelta(days=days - 1)
        if first > last or (last - first).days >= MOST_DAYS:
            raise BadRequest(f"起始日要在截止日之前，最多 {MOST_DAYS} 天。", details={"field": "to"})
        period = Period(first, last, rules.zone)
        async with self._counting:
            fresh = self._clock() - KEPT_S * 1000
            self._kept = [one for one in self._kept[1 - _KEPT :] if one.at_ms > fresh]
            for kept in self._kept:
                if (kept.period, kept.rules) == (period, rules):
                    return kept
            counted = await asyncio.to_thread(self._count, period, rules)
            self._kept.append(counted)
        return counted

    def _count(self, period: Period, rules: Rules) -> _Counted:
        edges, now_ms = period.edges_ms, self._clock()
        with self._shelved.reading() as archive:
            threads = archive.threads(edges[0], edges[-1]) if archive is not None else iter(())
            found = reports(
                (thread for thread in threads if thread.conversation_id != PROBE),
                edges,
                now_ms=now_ms,
                categories=self._categories(),
                targets=rules.targets,
                calendar=rules.calendar or ALWAYS_OPEN,
            )
        return _Counted(period, rules, replace(found, whole=_masked(found.whole)), archive is not None, now_ms)

    def _categories(self) -> dict[str, str]:
        try:
            return {entry.id: entry.category for entry in self._reader.load().entries if entry.category}
        except OSError:  # a base that cannot be read names no topics; the figures stand all the same
            return {}

    def _names(self) -> Mapping[str, str]:
        return {person.name: person.display for person in self._people.all()}

    def _today(self) -> date:
        return day_of(self._clock(), self._rules().zone)


def _point(label: str, part: Report) -> Document:
    """One part of the period as the charts draw it."""
    volumes, bot, cases = part.volumes, part.resolution, part.handoffs
    (rated, mean), (bot_rated, bot_mean) = ratings(part)
    return {
        "label": label,
        **encode(volumes),
        "contacts": bot.contacts,
        "judged": bot.judged,
        "rate": bot.rate,
        "cases": cases.cases,
        "accepted": cases.accepted,
        "abandoned": cases.abandoned,
        "abandonment": cases.abandonment,
        "wait_p50_ms": cases.wait_ms.p50,
        "wait_p90_ms": cases.wait_ms.p90,
        "handle_p50_ms": cases.handle_ms.p50,
        "handle_p90_ms": cases.handle_ms.p90,
        "rated": rated,
        "mean": mean,
        "bot_rated": bot_rated,
        "bot_mean": bot_mean,
    }


def _masked(found: Report) -> Report:
    """Customers' own words without what identifies them: reports are printed and passed on."""
    told = [replace(one, examples=tuple(dict.fromkeys(masked(text) for text in one.examples))) for one in found.misses]
    return replace(found, misses=tuple(told))
