"""`jiehua insight`: what customers talk about, by day, as a table, JSON or a spreadsheet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from cli.conversations import ZONE, DataOption, ZoneOption, open_archive, zone_of
from cli.places import FAQ
from cli.report import categories_of, period
from cli.whole_file import write_whole
from gateway.asked import PROBE
from handoff.days import day_of

if TYPE_CHECKING:
    from handoff.insight import Counted, Insight

SHOWN = 15
DAYS = 30
MOST_BARS = 15
_BARS = "▁▂▃▄▅▆▇█"


def insight(
    since: Annotated[str | None, typer.Option("--from", help="起始日,含 first day (YYYY-MM-DD)")] = None,
    to: Annotated[str | None, typer.Option("--to", help="截止日,含 last day")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    csv: Annotated[Path | None, typer.Option("--csv", help="写成表格文件 write a CSV file")] = None,
    zone: ZoneOption = ZONE,
    faq: Annotated[Path, typer.Option("--faq", envvar="JIEHUA_FAQ", help="知识库,给话题归类")] = FAQ,
    data: DataOption = Path("var"),
) -> None:
    """客户在说什么:话题走势、负面话题、提到的商品,默认最近 30 天 topics, what annoys, products named."""
    from gateway.voice import encode_insight
    from handoff.insight import insight as count
    from handoff.insight import table
    from knowledge_base.tables import write_csv

    where = zone_of(zone)
    from_ms, until_ms = period(since, to, where, days=DAYS)
    with open_archive(data) as archive:
        threads = (one for one in archive.threads(from_ms, until_ms) if one.conversation_id != PROBE)
        first, last = day_of(from_ms, where), day_of(until_ms - 1, where)
        found = count(threads, first=first, last=last, zone=where, categories=categories_of(faq))
    if csv is not None:
        write_whole(csv, write_csv(table(found)))
    if as_json:
        print(json.dumps(encode_insight(found), ensure_ascii=False))
    elif csv is None:
        _show(found, Console())
    else:
        Console().print(f"已写入 {csv}", highlight=False)


def _show(found: Insight, console: Console) -> None:
    total, cross = sum(found.questions), sum(found.negative)
    console.print(f"[bold]{found.days[0]} 至 {found.days[-1]}[/]  问题 {total},负面 {cross}", highlight=False)
    for title, rows in (("话题", found.topics), ("商品", found.products)):
        if not rows:
            continue
        trend = Column("走势", no_wrap=True)
        table = Table(title, "问题", trend, "负面", "答不上", box=None, padding=(0, 2))
        for one in rows[:SHOWN]:
            cells = [str(one.n), _spark(one), str(one.negative), str(one.missed)]
            table.add_row(Text(one.name or "(和知识库无关)"), *cells)
        console.print()
        console.print(table)


def _spark(one: Counted) -> str:
    """The days as a row of small bars, several days in one where there are many."""
    step = max(1, -(-len(one.by_day) // MOST_BARS))
    values = [sum(one.by_day[at : at + step]) for at in range(0, len(one.by_day), step)]
    most = max(1, *values)
    return "".join(_BARS[(len(_BARS) - 1) * value // most] if value else " " for value in values)
