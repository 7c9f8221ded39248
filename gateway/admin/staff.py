"""People over HTTP: supervisors see who is there, administrators add, change, suspend and give new passwords.

No answer holds a secret but a password that was just generated, once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response

from contracts.conversation import DeskEvent
from gateway import frames, wire
from gateway.admin.bodies import EditPerson, NewPerson
from gateway.errors import BadRequest, GatewayError, Missing, NotNow
from gateway.parts import Parts
from gateway.people import PeopleError, Person, Role
from gateway.skilled import skilled

T = TypeVar("T")

SENTENCES = {
    "name": "登录名是 1 到 32 个小写字母、数字或 _ . -，以字母或数字开头。",
    "display": "名字最多 64 个字，不能有特殊控制符。",
    "roles": "角色至少选一个：agent（客服）、supervisor（主管）、editor（知识编辑）、admin（管理员）。",
    "groups": "技能组名称是 1 到 64 个字，不含逗号和空格。",
    "cap": "同时接待上限是 0 到 100。",
    "password": "密码是 8 到 256 个字符。",
}


def routes(parts: Parts) -> APIRouter:
    """The endpoints."""
    router = APIRouter()

    async def admin(request: Request) -> Person:
        parts.origins.check(request, required=False)
        return await parts.staff.require(request.cookies, Role.ADMIN)

    async def done(by: Person, action: str, name: str, target: str = "") -> None:
        """Write the audit, and tell every process that this person is another now."""
        await asyncio.to_thread(parts.people.audit, by.name, action, target or name)
        await parts.directory.refresh(now=True)
        parts.staff.forget(name)
        await parts.desk.publish(DeskEvent("person", agent_id=name))

    @router.get("/api/admin/people")
    async def listed(request: Request) -> Response:
        await parts.staff.require(request.cookies, Role.SUPERVISOR)
        everybody = await asyncio.to_thread(parts.people.all)
        gone = await parts.desk.records.departed()
        return wire.answer({"people": [view(parts, one, departed=one.name in gone) for one in everybody]})

    @router.post("/api/admin/people")
    async def add(request: Request) -> Response:
        by = await admin(request)
        form = frames.body(await wire.read_object(request, limit=parts.settings.max_frame_bytes), NewPerson)
        person, password = await attempt(
            lambda: parts.people.add(
                form.name, display=form.display, roles=form.roles, groups=form.groups, cap=form.cap
            )
        )
        roles = ",".join(role.value for role in person.roles)
        await done(by, "person_add", person.name, f"{person.name} {roles}")
        return wire.answer({"person": view(parts, person), "password": password}, status=201)

    @router.put("/api/admin/people/{name}")
    async def edit(request: Request, name: str) -> Response:
        by = await admin(request)
        form = frames.body(await wire.read_object(request, limit=parts.settings.max_frame_bytes), EditPerson)
        if name == by.name and form.roles is not None and Role.ADMIN.value not in form.roles:
            raise NotNow("不能去掉自己的管理员角色，请另一位管理员来改。")
        person = await attempt(
            lambda: parts.people.edit(name, display=form.display, roles=form.roles, groups=form.groups, cap=form.cap)
        )
        fields = [one for one in ("display", "roles", "groups", "cap") if getattr(form, one) is not None]
        await done(by, "person_edit", name, f"{name} {','.join(fields)}")
        return wire.answer({"person": view(parts, person)})

    @router.post("/api/admin/people/{name}/suspend")
    async def suspend(request: Request, name: str) -> Response:
        by = await admin(request)
        if name == by.name:
            raise NotNow("不能停用自己，请另一位管理员来办。")
        person = await attempt(lambda: parts.people.suspend(name, keep_admin=True))
        await done(by, "person_suspend", name)
        return wire.answer({"person": view(parts, person)})

    @router.post("/api/admin/people/{name}/restore")
    async def restore(request: Request, name: str) -> Response:
        by = await admin(request)
        if await asyncio.to_thread(parts.people.get, name) is None:
            raise Missing(f"没有叫 {name[:32]} 的人。")
        await parts.desk.readmit(name)
        person = await attempt(lambda: parts.people.suspend(name, suspended=False))
        await done(by, "person_restore", name)
        return wire.answer({"person": view(parts, person)})

    @router.post("/api/admin/people/{name}/password")
    async def password(request: Request, name: str) -> Response:
        by = await admin(request)
        made = await attempt(lambda: parts.people.set_password(name))
        await done(by, "person_password", name)
        return wire.answer({"name": name, "password": made})

    return router


async def attempt(change: Callable[[], T]) -> T:
    """Do something with the people in a thread; a PeopleError becomes what the browser is told."""
    try:
        return await asyncio.to_thread(change)
    except PeopleError as error:
        raise told(error) from error


def told(error: PeopleError) -> GatewayError:
    """A PeopleError as the page gets it, with the field that is at fault."""
    if error.field == "nobody":
        return Missing("没有这个人。")
    if error.field == "last":
        return NotNow("这是最后一位管理员，不能停用，也不能去掉管理员角色。")
    if error.field == "taken":
        return NotNow(
            "这个登录名已经有人用了。", details={"problems": [{"field": "name", "message": "已经有人用了。"}]}
        )
    sentence = SENTENCES[error.field]
    return BadRequest(sentence, details={"problems": [{"field": error.field, "message": sentence}]})


def view(parts: Parts, person: Person, *, departed: bool = False) -> dict[str, Any]:
    """A person without secrets. `groups` and `cap` are those of the account, `skills` and `limit` those in force."""
    now = skilled(person, parts.desk.config)
    levels = now.levels or (1,) * len(now.groups)
    return {
        "name": person.name,
        "display": person.display,
        "roles": [role.value for role in person.roles],
        "groups": list(person.groups),
        "cap": person.cap,
        "skills": dict(zip(now.groups or ("default",), levels or (1,))),
        "limit": now.cap,
        "suspended": person.suspended,
        "departed": departed,
    }
