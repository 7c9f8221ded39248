"""`jiehua report`: what happened in a period, as a table or as JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.conversations import ZONE, DataOption, ZoneOption, open_archive, zone_of
from cli.places import FAQ
from cli.problem import Problem
from contracts.codec import encode
from gateway.asked import PROBE
from gateway.report_words import REASONS, VERDICTS
from handoff.days import begins_ms

if TYPE_CHECKING:
    from handoff.report_model import MissedTopic, Promptness, Report, Resolved, Spread

DAYS = 7
MOST_MISSES = 10


def report(
    since: Annotated[str | None, typer.Option("--from", help="起始日,含 first day (YYYY-MM-DD)")] = None,
    to: Annotated[str | None, typer.Option("--to", help="截止日,含 last day")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    zone: ZoneOption = ZONE,
    faq: Annotated[Path, typer.Option("--faq", envvar="JIEHUA_FAQ", help="知识库,给未命中的问题归类")] = FAQ,
    data: DataOption = Path("var"),
) -> None:
    """运营报表,默认最近 7 天 what happened; the last 7 days unless told otherwise."""
    from handoff.calendar import ALWAYS_OPEN
    from handoff.config.store import config_of
    from handoff.records.model import Setting
    from handoff.report import report as count

    where = zone_of(zone)
    from_ms, until_ms = period(since, to, where)
    with open_archive(data) as archive:
        threads = (one for one in archive.threads(from_ms, until_ms) if one.conversation_id != PROBE)
        now_ms = time.time_ns() // 1_000_000
        # What administrators have set, as the archive has it: so no running stack is needed.
        config = config_of(archive.records(Setting))
        found = count(
            threads,
            from_ms=from_ms,
            until_ms=until_ms,
            now_ms=now_ms,
            categories=categories_of(faq),
            targets=config.targets,
            calendar=config.calendar.calendar() or ALWAYS_OPEN,
        )
    if as_json:
        print(json.dumps(encode(found), ensure_ascii=False))
    else:
        show(found, where, Console())


def period(since: str | None, to: str | None, zone: ZoneInfo, *, days: int = DAYS) -> tuple[int, int]:
    """[from, until) in UTC ms of whole days; the last `days`, or so many from or to the day given. Raises Problem."""
    first, last = _day(since, "--from"), _day(to, "--to")
    if last is None:
        last = first + timedelta(days=days - 1) if first is not None else datetime.now(zone).date()
    if first is None:
        first = last - timedelta(days=days - 1)
    if first > last:
        raise Problem(f"起始日 {first} 在截止日 {last} 之后", "对调 --from 和 --to")
    return begins_ms(first, zone), begins_ms(last + timedelta(days=1), zone)


def show(found: Report, zone: ZoneInfo, console: Console) -> None:
    """Print a report for people."""
    days = [datetime.fromtimestamp(ms / 1000, zone).date() for ms in (found.from_ms, found.until_ms - 1)]
    volumes, bot, cases = found.volumes, found.resolution, found.handoffs
    console.print(f"[bold]{days[0]} 至 {days[1]}[/]", highlight=False)
    _rows(
        console,
        "总量",
        [
            ("会话", str(volumes.conversations)),
            ("客户消息", str(volumes.customer_messages)),
            ("机器人答复", str(volumes.bot_turns)),
            ("客服消息", str(volumes.agent_messages)),
        ],
    )
    judged = [(VERDICTS[name], str(n)) for name, n in bot.verdicts.items() if n]
    votes = f"有用 {bot.useful_votes},没用 {bot.useless_votes}"
    rate = f"{_percent(bot.rate)}(满 72 小时的 {bot.judged} 次来访)"
    _rows(console, "机器人", [("独立解决率", rate), ("来访", str(bot.contacts)), *judged, ("评价", votes)])
    _rows(
        console,
        "转人工",
        [
            ("个案", str(cases.cases)),
            *((f"  {REASONS.get(name, name)}", str(n)) for name, n in cases.reasons.items()),
            ("接入", str(cases.accepted)),
            ("等待", _times(cases.wait_ms)),
            ("处理", _times(cases.handle_ms)),
            ("放弃", f"{cases.abandoned}({_percent(cases.abandonment)})"),
            ("放弃前等了", _times(cases.gave_up_ms)),
            ("留言", f"{cases.messages_left},已答复 {cases.messages_answered}"),
        ],
    )
    _promptness(console, "客服", found.by_agent, "(排队中)")
    _promptness(console, "技能组", found.by_group, "(未知)")
    _resolved(console, found.resolved)
    rated = [(name, f"{one.mean:.2f}({one.n} 次)") for name, one in found.satisfaction.items()]
    _rows(console, "满意度", [("机器人" if name == "bot" else name, value) for name, value in rated])
    _misses(console, found.misses)


def categories_of(faq: Path) -> dict[str, str]:
    """The category of each FAQ entry; none when there is no readable FAQ here."""
    from knowledge_base import files

    try:
        return {entry.id: entry.category for entry in files.load(faq).entries if entry.category}
    except (OSError, ValueError):
        return {}


def _day(text: str | None, option: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Problem(f"{option} {text} 不是日期", "写成 2026-01-31 这样") from error


def _rows(console: Console, title: str, rows: Iterable[tuple[str, str]]) -> None:
    table = Table(show_header=False, box=None, padding=(0, 2), title=title, title_justify="left", min_width=24)
    for name, value in rows:
        table.add_row(Text(name), Text(value))
    if table.row_count:
        console.print()
        console.print(table)


def _promptness(console: Console, title: str, rows: dict[str, Promptness], nobody: str) -> None:
    if not rows:
        return
    table = Table(title, "应答", "已答", "超时", "未答", "达标", "用时", box=None, padding=(0, 2))
    for name, one in rows.items():
        numbers = [*(str(n) for n in (one.owed, one.answered, one.late, one.open)), _percent(one.on_time)]
        table.add_row(Text(name or nobody), *numbers, _times(one.took_ms))
    console.print()
    console.print(table)


def _resolved(console: Console, rows: dict[str, Resolved]) -> None:
    """How long cases took as a whole, where a target says how long they may."""
    if not any(one.targeted for one in rows.values()):
        return
    table = Table("解决", "个案", "已结", "超时", "用时", box=None, padding=(0, 2))
    for name, one in rows.items():
        table.add_row(Text(name), str(one.cases), str(one.closed), str(one.late), _times(one.took_ms))
    console.print()
    console.print(table)


def _misses(console: Console, misses: tuple[MissedTopic, ...]) -> None:
    if not misses:
        return
    table = Table("未命中", "次数", "例子", box=None, padding=(0, 2))
    for one in misses[:MOST_MISSES]:
        table.add_row(Text(one.topic or "(无从归类)"), str(one.n), Text(" / ".join(one.examples)))
    console.print()
    console.print(table)


def _times(found: Spread) -> str:
    """Median and the 90 % mark."""
    if found.p50 is None or found.p90 is None:
        return "–"
    return f"一半在 {_duration(found.p50)} 内,九成在 {_duration(found.p90)} 内"


def _duration(ms: int) -> str:
    seconds = round(ms / 1000)
    if seconds < 60:
        return f"{seconds} 秒"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} 分 {seconds} 秒"
    return f"{minutes // 60} 小时 {minutes % 60} 分"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
