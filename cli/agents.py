"""`jiehua agents`: the people who answer."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.problem import Problem

app = typer.Typer(no_args_is_help=True, help="客服人员 the people who answer")
DataOption = Annotated[Path, typer.Option("--data", envvar="JIEHUA_DATA", help="数据目录 data folder")]


def people(data: Path):
    from gateway.people import People, database_url

    data.mkdir(parents=True, exist_ok=True)
    return People(os.environ.get("JIEHUA_DATABASE_URL") or database_url(data))


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="登录名 login name")],
    display: Annotated[str, typer.Option(help="客户看到的名字 shown to customers")] = "",
    role: Annotated[list[str] | None, typer.Option(help="agent / supervisor / editor / admin")] = None,
    group: Annotated[list[str] | None, typer.Option(help="技能组 skill group")] = None,
    cap: Annotated[int, typer.Option(min=1, max=100, help="同时接待上限 chats at once")] = 5,
    password_stdin: Annotated[bool, typer.Option(help="从标准输入读密码,否则生成 read it, else generate")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    data: DataOption = Path("var"),
) -> None:
    """新增一位客服;密码只显示这一次 add a person; the generated password is shown once."""
    given = sys.stdin.readline().strip() if password_stdin else None
    try:
        _, password = people(data).add(
            name,
            display=display or name,
            roles=tuple(role or ["agent"]),
            groups=tuple(group or []),
            cap=cap,
            password=given,
        )
    except ValueError as error:
        raise Problem(str(error), status=1) from error
    shown = "" if given else password
    if as_json:
        print(json.dumps({"name": name, "password": shown}, ensure_ascii=False))
    else:
        Console().print(f"已新增 {name}" + (f",密码 {shown}(只显示这一次)" if shown else ""), highlight=False)


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json")] = False, data: DataOption = Path("var")) -> None:
    """列出所有人员 list everybody."""
    everybody = people(data).all()
    if as_json:
        hidden = {"password_hash"}
        rows = [{k: v for k, v in asdict(person).items() if k not in hidden} for person in everybody]
        print(json.dumps(rows, ensure_ascii=False, default=list))
        return
    table = Table("登录名", "名字", "角色", "技能组", "上限", "状态", box=None)
    for p in everybody:
        table.add_row(
            p.name, p.display, " ".join(p.roles), " ".join(p.groups), str(p.cap), "停用" if p.suspended else ""
        )
    Console().print(table)


@app.command()
def suspend(name: Annotated[str, typer.Argument()], data: DataOption = Path("var")) -> None:
    """停用一位客服:立即不能登录 suspend a person: no log-in from now on."""
    try:
        people(data).suspend(name)
    except (KeyError, ValueError) as error:
        raise Problem(f"没有叫 {name} 的人", "用 jiehua agents list 看名单", status=1) from error
    Console().print(f"已停用 {name}", highlight=False)
