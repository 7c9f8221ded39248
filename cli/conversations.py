"""`jiehua conversations`: what was said, from the archive."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.problem import Problem
from contracts.codec import encode
from handoff.days import ZONE

if TYPE_CHECKING:
    from handoff.archive import Archive

app = typer.Typer(no_args_is_help=True, help="历史会话 conversations of the past")
DataOption = Annotated[Path, typer.Option("--data", envvar="JIEHUA_DATA", help="数据目录 data folder")]
ZoneOption = Annotated[str, typer.Option("--zone", help="时区 time zone of days and times")]
AUTHORS = {"customer": "客户", "bot": "机器人", "agent": "客服", "system": "系统"}


@contextmanager
def open_archive(data: Path) -> Iterator[Archive]:
    """The archive of a data folder, or the one configured. Raises Problem when there is none or it does not answer."""
    from handoff.archive import Archive, ArchiveError, archive_url
    from language.normalise import normalise

    try:
        archive = Archive(os.environ.get("JIEHUA_ARCHIVE_URL") or archive_url(data), fold=normalise)
        if archive.database.missing:
            raise Problem(f"{data} 里还没有归档", "启动过接话(jiehua up)才有;或用 --data 指定数据目录", status=1)
        try:
            yield archive
        finally:
            archive.close()
    except ArchiveError as error:
        raise Problem(
            f"归档不能用:{error}", "检查 JIEHUA_ARCHIVE_URL 和归档进程的日志 archiver.log", status=1
        ) from error


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name; raises Problem."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Problem(f"没有时区 {name}", "例:--zone Asia/Shanghai") from error


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="要找的话,空格分开的各段都要出现 every part must occur")],
    limit: Annotated[int, typer.Option(min=1, max=1000, help="最多几条 at most")] = 20,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    zone: ZoneOption = ZONE,
    data: DataOption = Path("var"),
) -> None:
    """在全部会话里找一句话,最近的在前 find messages and notes, the latest first."""
    where = zone_of(zone)
    with open_archive(data) as archive:
        hits = archive.search(text, limit=limit)
    if as_json:
        found = [{"conversation_id": hit.conversation_id, **encode(hit.entry)} for hit in hits]
        print(json.dumps(found, ensure_ascii=False))
        return
    table = Table("时间", "会话", "序号", "谁", "说了什么", box=None)
    for hit in hits:
        at = datetime.fromtimestamp(hit.entry.at_ms / 1000, where).strftime("%Y-%m-%d %H:%M")
        who = AUTHORS[hit.entry.author.value] + (f" {hit.entry.author_id}" if hit.entry.author_id else "")
        table.add_row(at, Text(hit.conversation_id), str(hit.entry.seq), Text(who), Text(hit.entry.text))
    if hits:
        Console().print(table)
    else:
        Console().print("没有找到。", highlight=False)
