"""`jiehua agents depart`, `return` and `site-secret`: people who leave, people who come back, and the site's secret."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from cli.agents import DataOption, people
from cli.problem import Problem

if TYPE_CHECKING:
    from gateway.people import People, Person
    from handoff.desk import Desk
    from handoff.records.model import Departure, Owner

T = TypeVar("T")
BY = "cli"  # who the audit and the histories name


def depart(
    name: Annotated[str, typer.Argument(help="离职的人 who leaves")],
    to: Annotated[str, typer.Option("--to", help="由哪位同事接手 the colleague who takes over")] = "",
    to_group: Annotated[str, typer.Option("--to-group", help="由哪个技能组接手 the group that takes over")] = "",
    dry_run: Annotated[bool, typer.Option(help="只列出,不动手 list what would be handed on")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    data: DataOption = Path("var"),
) -> None:
    """办理离职:停用,移交会话、工单和客户,告知客户;中断了再运行一次即可 hand on everything; run again if cut short."""
    from handoff.records.customers import Customers
    from handoff.records.departures import Departures

    if to and to_group:
        raise Problem("--to 和 --to-group 只能给一个")
    staff = people(data)
    leaving = _person(staff, name)

    async def suspend(one: str) -> None:
        staff.suspend(one)

    async def work(desk: Desk) -> Departure:
        departures = Departures(desk, Customers(desk), suspend)
        under_way = await departures.departure(name)
        if dry_run:
            return await departures.held(name)
        if not (to or to_group) and (under_way is None or under_way.finished_ms):
            raise Problem("由谁接手?", "加上 --to 同事 或 --to-group 技能组")
        heir = _heir(staff, to, to_group)
        staff.audit(BY, "depart", f"{name} {to or to_group}")
        shown = _person(staff, heir.agent).display if heir.agent else ""
        done = await departures.depart(name, BY, heir=heir, display=leaving.display, heir_display=shown)
        staff.audit(BY, "departed", name)
        return done

    done = at_desk(data, work)
    if as_json:
        from contracts.codec import encode

        print(json.dumps(encode(done), ensure_ascii=False))
        return
    heading = "将移交" if dry_run else f"{name} 已离职,移交给 {done.heir.agent or done.heir.group}"
    table = Table("", "数量", "编号", box=None, title=heading)
    for what, ids in (("会话", done.cases), ("工单", done.tickets), ("客户", done.customers)):
        table.add_row(what, str(len(ids)), " ".join(ids[:5]) + (" …" if len(ids) > 5 else ""))
    Console().print(table)


def return_(name: Annotated[str, typer.Argument(help="回来的人 who is back")], data: DataOption = Path("var")) -> None:
    """离职或停用的人回来了:可以登录、接待;移交出去的不会收回 let somebody back in; nothing handed on returns."""
    staff = people(data)
    _person(staff, name)

    async def work(desk: Desk) -> None:
        await desk.readmit(name)

    at_desk(data, work)
    staff.suspend(name, suspended=False)
    staff.audit(BY, "return", name)
    Console().print(f"{name} 可以登录了", highlight=False)


def site_secret(data: DataOption = Path("var")) -> None:
    """显示网站签名用的密钥,只能放在网站的服务器上 the secret with which your site's server signs customers."""
    from gateway.secret_file import SecretsError, load_secrets

    try:
        print(load_secrets(data).site_secret)
    except SecretsError as error:
        raise Problem(str(error), status=1) from error


def _person(staff: People, name: str) -> Person:
    found = staff.get(name)
    if found is None:
        raise Problem(f"没有叫 {name} 的人", "用 jiehua agents list 看名单", status=1)
    return found


def _heir(staff: People, to: str, to_group: str) -> Owner:
    from handoff.records.model import Owner

    if to and _person(staff, to).suspended:
        raise Problem(f"{to} 已停用,不能接手", "换一位在职的同事", status=1)
    if to_group and to_group != "default" and not any(to_group in one.groups for one in staff.all()):
        raise Problem(f"没有叫 {to_group} 的技能组", "用 jiehua agents list 看技能组", status=1)
    return Owner(agent=to, group=to_group)


def at_desk(data: Path, work: Callable[[Desk], Awaitable[T]]) -> T:
    """Do something at the desk of the running stack, or of the Redis that is configured."""
    from cli.stack import running
    from handoff.desk import Desk
    from handoff.errors import BackendUnavailable, DeskError, Refused
    from handoff.redis.backend import RedisBackend

    url = os.environ.get("JIEHUA_REDIS_URL") or os.environ.get("REDIS_URL") or running(data).redis_url
    if url.startswith("memory:"):
        raise Problem("memory: 的数据只在那个进程里", "在客服工作台里办理", status=1)

    async def at() -> Any:
        desk = Desk(RedisBackend(url, tenant=os.environ.get("JIEHUA_TENANT") or "default"))
        try:
            return await work(desk)
        finally:
            await desk.close()

    try:
        return asyncio.run(at())
    except BackendUnavailable as error:
        raise Problem(f"连不上 Redis:{error}", "看看 jiehua doctor;之后再运行一次,会接着办", status=1) from error
    except Refused as error:
        raise Problem("接手的人已离职、就是本人,或者这次离职正在交给别人", "换一位接手的人", status=1) from error
    except DeskError as error:
        raise Problem(str(error), status=1) from error
