"""`jiehua settings`: groups, skills, hours, targets of a running shop; see docs/subsystems/administration.md."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
import yaml
from rich.console import Console
from rich.table import Table

from cli.agents import people
from cli.depart import BY, at_desk
from cli.problem import Problem
from contracts.codec import encode
from handoff.days import ZONE

if TYPE_CHECKING:
    from handoff.config.store import SettingsStore
    from handoff.desk import Desk

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="运行中的设置 settings of the running shop")
DataOption = Annotated[Path, typer.Option("--data", envvar="JIEHUA_DATA", help="数据目录 data folder")]
KindArgument = Annotated[
    str, typer.Argument(help="groups / skills / priorities / calendar / entrances / targets / triggers")
]


@app.command()
def show(
    kind: KindArgument,
    as_json: Annotated[bool, typer.Option("--json", help="带版本 with its version")] = False,
    data: DataOption = Path("var"),
) -> None:
    """打印一项设置,可以改了再用 set 写回 print a document; edit it and `set` it."""
    kept = _with_store(data, kind, lambda store: store.get(kind))
    if as_json:
        print(json.dumps(encode(kept), ensure_ascii=False))
    else:
        yaml.safe_dump(kept.document, sys.stdout, allow_unicode=True, sort_keys=False)


@app.command("set")
def set_(
    kind: KindArgument,
    file: Annotated[Path, typer.Argument(help="YAML 或 JSON 文件", exists=True, dir_okay=False)],
    version: Annotated[int | None, typer.Option(help="只在仍是这一版时写入 only if it still is this one")] = None,
    data: DataOption = Path("var"),
) -> None:
    """把文件里的设置付诸使用,各进程立即生效 put a document into force in every process."""
    from handoff.config.reading import BadDocument
    from handoff.errors import Stale

    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Problem(f"{file} 不是 YAML 或 JSON:{error}", status=1) from error

    async def put(store: SettingsStore) -> Any:
        seen = (await store.get(kind)).version if version is None else version
        try:
            return seen, await store.put(kind, document, by=BY, version=seen)
        except BadDocument as error:
            faults = "\n".join(f"  {one.field}:{one.message}" for one in error.problems)
            raise Problem(f"{file} 不能用,没有写入:\n{faults}", status=1) from error
        except Stale as error:
            raise Problem("别人刚改过这项设置,没有写入", f"先看 jiehua settings show {kind}", status=1) from error

    seen, kept = _with_store(data, kind, put)
    people(data).audit(BY, "settings", f"{kind} {seen}→{kept.version}")
    Console().print(f"{kind} 已是第 {kept.version} 版", highlight=False)


@app.command()
def history(
    kind: KindArgument,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    data: DataOption = Path("var"),
) -> None:
    """谁在什么时候改过 who changed it and when."""
    from cli.conversations import zone_of

    changes = _with_store(data, kind, lambda store: store.history(kind))
    if as_json:
        print(json.dumps(encode(changes), ensure_ascii=False))
        return
    table = Table("版本", "时间", "谁", box=None)
    for one in changes:
        at = datetime.fromtimestamp(one.at_ms / 1000, zone_of(ZONE)).strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(str(one.version), at, one.who)
    Console().print(table)


def _with_store(data: Path, kind: str, work: Callable[[SettingsStore], Awaitable[T]]) -> T:
    from handoff.config.config import KINDS
    from handoff.config.store import SettingsStore

    if kind not in KINDS:
        raise Problem(f"没有叫 {kind} 的设置", f"有 {'、'.join(KINDS)}")

    async def at(desk: Desk) -> T:
        return await work(SettingsStore(desk.records, desk.clock_ms))

    return at_desk(data, at)
