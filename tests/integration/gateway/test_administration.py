"""Administration over HTTP: settings, people and the audit, over memory and over Redis."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.people import Role
from handoff.config.config import KINDS

TWO_GROUPS = {"groups": [{"name": "default", "title": "综合"}, {"name": "退款", "title": "退款", "cap": 5}]}


async def logged_in(gateway, name: str, *roles: Role):
    """A browser of somebody with these roles."""
    await asyncio.to_thread(
        lambda: gateway.people.add(name, display=name.title(), roles=roles, password=f"pw-{name}-1")
    )
    return await log_in(gateway, name, f"pw-{name}-1")


async def log_in(gateway, name: str, password: str, *, status: int = 200):
    browser = gateway.browser()
    async with browser.post("/api/agent/login", json={"name": name, "password": password}) as response:
        assert response.status == status, await response.text()
    return browser


async def ask(browser, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    async with browser.request(method, path, json=body) as response:
        return response.status, await response.json()


@pytest.fixture
async def boss(gateway):
    return await logged_in(gateway, "boss", Role.ADMIN)


@pytest.mark.parametrize("kind", KINDS)
async def test_every_document_can_be_read_and_put_back_as_it_is(door, kind):
    boss = await logged_in(door, "boss", Role.ADMIN)
    status, found = await ask(boss, "GET", f"/api/admin/settings/{kind}")
    assert (status, found["version"], found["document"]) == (200, 0, found["defaults"])
    status, kept = await ask(
        boss, "PUT", f"/api/admin/settings/{kind}", {"document": found["document"], "version": found["version"]}
    )
    assert (status, kept["version"], kept["document"]) == (200, 1, found["document"]), kept


async def test_a_change_is_in_force_here_at_once_and_audited(gateway, boss):
    status, kept = await ask(boss, "PUT", "/api/admin/settings/groups", {"document": TWO_GROUPS, "version": 0})
    assert (status, kept["version"], kept["changed_by"]) == (200, 1, "boss")
    assert gateway.desk.config.groups.of("退款").cap == 5
    _, audit = await ask(boss, "GET", "/api/admin/audit?action=settings")
    assert [(line["who"], line["target"]) for line in audit["lines"]] == [("boss", "groups 0→1")]
    _, history = await ask(boss, "GET", "/api/admin/settings/groups/history")
    (change,) = history["changes"]
    assert (change["who"], change["version"], len(change["before"]["groups"]), len(change["after"]["groups"])) == (
        "boss", 1, 1, 2,
    )  # fmt: skip
    _, listed = await ask(boss, "GET", "/api/admin/settings")
    assert {one["kind"]: one["version"] for one in listed["settings"]} == {kind: kind == "groups" for kind in KINDS}


async def test_who_edits_what_somebody_else_has_changed_is_told_who(gateway, boss):
    await ask(boss, "PUT", "/api/admin/settings/groups", {"document": TWO_GROUPS, "version": 0})
    deputy = await logged_in(gateway, "deputy", Role.ADMIN)
    status, told = await ask(deputy, "PUT", "/api/admin/settings/groups", {"document": TWO_GROUPS, "version": 0})
    assert (status, told["error"], told["version"], told["changed_by"]) == (409, "overtaken", 1, "boss")


async def test_a_bad_document_is_refused_with_every_field_that_is_wrong(gateway, boss):
    document = {"groups": [{"name": "default", "cap": "many"}, {"name": "a b"}]}
    status, told = await ask(boss, "PUT", "/api/admin/settings/groups", {"document": document, "version": 0})
    assert (status, told["error"]) == (400, "bad_request")
    assert [one["field"] for one in told["problems"]] == ["groups[0].cap", "groups[1].name"]
    assert told["message"] == "groups[0].cap：应当是 0 到 100000 的整数。"
    status, told = await ask(
        boss, "PUT", "/api/admin/settings/skills",
        {"document": {"agents": {"nemo": {"groups": {"default": 1}, "cap": 1}}}, "version": 0},
    )  # fmt: skip
    assert (status, told["problems"]) == (400, [{"field": "agents.nemo", "message": "没有叫「nemo」的人员。"}])
    assert (await ask(boss, "PUT", "/api/admin/settings/colours", {"document": {}, "version": 0}))[0] == 404
    assert (await ask(boss, "PUT", "/api/admin/settings/groups", {"document": []}))[0] == 400


async def test_supervisors_read_settings_and_people_and_change_nothing(gateway, boss):
    eyes = await logged_in(gateway, "eyes", Role.SUPERVISOR)
    assert (await ask(eyes, "GET", "/api/admin/settings/groups"))[0] == 200
    assert (await ask(eyes, "GET", "/api/admin/people"))[0] == 200
    assert (await ask(eyes, "PUT", "/api/admin/settings/groups", {"document": TWO_GROUPS, "version": 0}))[0] == 403
    for path in ("", "/boss/suspend", "/boss/password", "/boss/restore"):
        assert (await ask(eyes, "POST", f"/api/admin/people{path}", {"name": "x"}))[0] == 403
    assert (await ask(eyes, "PUT", "/api/admin/people/boss", {"roles": ["agent"]}))[0] == 403
    assert (await ask(eyes, "GET", "/api/admin/audit"))[0] == 403
    agent = await logged_in(gateway, "hand", Role.AGENT)
    for path in ("settings", "settings/groups", "settings/groups/history", "people", "audit"):
        assert (await ask(agent, "GET", f"/api/admin/{path}"))[0] == 403
        assert (await ask(gateway.browser(), "GET", f"/api/admin/{path}"))[0] == 401


async def test_a_page_of_another_site_changes_nothing(gateway, boss):
    async with boss.put(
        "/api/admin/settings/groups",
        json={"document": TWO_GROUPS, "version": 0},
        headers={"Origin": "https://evil.example"},
    ) as response:
        assert response.status == 403
    assert (await ask(boss, "GET", "/api/admin/settings/groups"))[1]["version"] == 0


async def test_a_new_person_logs_in_with_the_password_shown_once(gateway, boss):
    status, made = await ask(
        boss, "POST", "/api/admin/people",
        {"name": "wang", "display": "小王", "roles": ["agent"], "groups": ["退款"], "cap": 3},
    )  # fmt: skip
    assert status == 201
    assert made["person"]["skills"] == {"退款": 1}
    await log_in(gateway, "wang", made["password"])
    status, found = await ask(boss, "GET", "/api/admin/people")
    assert made["password"] not in str(found)
    assert {one["name"] for one in found["people"]} == {"boss", "wang"}
    assert not any("password" in field or "hash" in field for one in found["people"] for field in one)
    status, again = await ask(boss, "POST", "/api/admin/people", {"name": "wang"})
    assert (status, again["problems"][0]["field"]) == (409, "name")
    status, bad = await ask(boss, "POST", "/api/admin/people", {"name": "小王"})
    assert (status, bad["problems"][0]["field"]) == (400, "name")
    status, bad = await ask(boss, "POST", "/api/admin/people", {"name": "li", "roles": ["emperor"]})
    assert (status, bad["problems"][0]["field"]) == (400, "roles")


async def test_a_new_password_ends_the_old_one_and_every_login(gateway, boss):
    hand = await logged_in(gateway, "hand", Role.AGENT)
    status, given = await ask(boss, "POST", "/api/admin/people/hand/password")
    assert status == 200
    assert (await ask(hand, "GET", "/api/agent/tickets"))[0] == 401
    await log_in(gateway, "hand", "pw-hand-1", status=401)
    await log_in(gateway, "hand", given["password"])
    _, audit = await ask(boss, "GET", "/api/admin/audit")
    assert given["password"] not in str(audit)


async def test_a_suspended_persons_open_page_ends_and_they_come_back_when_restored(gateway, boss):
    page = await gateway.agent("wang")
    assert (await ask(boss, "POST", "/api/admin/people/wang/suspend"))[1]["person"]["suspended"] is True
    assert await page.closed() == 4409
    await log_in(gateway, "wang", "password-wang", status=401)
    assert (await ask(boss, "POST", "/api/admin/people/wang/restore"))[1]["person"]["suspended"] is False
    await log_in(gateway, "wang", "password-wang")
    assert (await ask(boss, "POST", "/api/admin/people/nemo/suspend"))[0] == 404


async def test_the_last_administrator_stays_one(gateway, boss):
    assert (await ask(boss, "POST", "/api/admin/people/boss/suspend"))[0] == 409
    assert (await ask(boss, "PUT", "/api/admin/people/boss", {"roles": ["agent"]}))[0] == 409
    deputy = await logged_in(gateway, "deputy", Role.ADMIN)
    assert (await ask(deputy, "PUT", "/api/admin/people/boss", {"roles": ["agent"]}))[0] == 200
    assert (await ask(boss, "GET", "/api/admin/people"))[0] == 401, "other roles end the logins"
    await asyncio.to_thread(lambda: gateway.people.suspend("deputy"))
    with pytest.raises(ValueError, match="last administrator"):
        await asyncio.to_thread(lambda: gateway.people.edit("deputy", roles=["agent"]))


async def test_what_is_not_given_stays_as_it_is(gateway, boss):
    await ask(boss, "POST", "/api/admin/people", {"name": "wang", "display": "小王", "groups": ["退款"], "cap": 3})
    _, changed = await ask(boss, "PUT", "/api/admin/people/wang", {"cap": 7})
    person = changed["person"]
    assert (person["display"], person["groups"], person["cap"], person["roles"]) == ("小王", ["退款"], 7, ["agent"])


async def test_skills_reach_an_agent_who_is_at_work_without_a_new_login(gateway, boss):
    page = await gateway.agent("wang", groups=("default",), cap=2)
    await ask(boss, "PUT", "/api/admin/settings/groups", {"document": TWO_GROUPS, "version": 0})
    document = {"agents": {"wang": {"groups": {"退款": 3, "default": 1}, "cap": 4}}}
    status, _ = await ask(boss, "PUT", "/api/admin/settings/skills", {"document": document, "version": 0})
    assert status == 200
    frame = await page.until(lambda frame: frame["type"] == "agents" and frame["agents"][0]["cap"] == 4)
    (agent,) = frame["agents"]
    assert (agent["groups"], agent["cap"], agent["status"]) == (["退款", "default"], 4, "ready")
    await ask(boss, "PUT", "/api/admin/settings/skills", {"document": {"agents": {}}, "version": 1})
    frame = await page.until(lambda frame: frame["type"] == "agents" and frame["agents"][0]["cap"] == 2)
    assert frame["agents"][0]["groups"] == ["default"]


async def test_what_is_set_about_calling_a_person_goes_to_the_bot_with_the_next_turn(gateway, boss):
    page = await gateway.customer()
    await page.send("say", text="你好")
    await page.entry(author="bot")
    assert gateway.bot.asked[-1].triggers == {}
    document = {"thresholds": {"misses": 3}, "words": {"request": ["接值班长"]}}
    status, told = await ask(boss, "PUT", "/api/admin/settings/triggers", {"document": document, "version": 0})
    assert status == 200, told
    await page.send("say", text="还在吗")
    await page.entry(author="bot")
    assert gateway.bot.asked[-1].triggers == {**document, "never": {}}


async def test_the_site_secret_is_shown_to_administrators_alone_and_each_time_on_record(gateway, boss):
    status, told = await ask(boss, "POST", "/api/admin/channels/site-secret", {})
    assert (status, told) == (200, {"site_secret": gateway.parts.secrets.site_secret})
    status, told = await ask(boss, "GET", "/api/admin/channels")
    assert (status, told) == (200, {"embed_origins": [], "public_origins": [], "rest_token": False})
    _, audit = await ask(boss, "GET", "/api/admin/audit?action=site_secret")
    assert [line["who"] for line in audit["lines"]] == ["boss"]
    eyes = await logged_in(gateway, "eyes", Role.SUPERVISOR)
    assert (await ask(eyes, "POST", "/api/admin/channels/site-secret", {}))[0] == 403
    assert (await ask(eyes, "GET", "/api/admin/channels"))[0] == 403
    assert (await ask(gateway.browser(), "POST", "/api/admin/channels/site-secret", {}))[0] == 401
    headers = {"Origin": "https://evil.example"}
    async with boss.post("/api/admin/channels/site-secret", json={}, headers=headers) as response:
        assert response.status == 403
