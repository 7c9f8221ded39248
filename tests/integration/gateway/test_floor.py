"""The supervisor's floor: what was held plus what came is what a fresh page gets, and nothing is asked twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gateway.console import case_views
from gateway.people import Role
from tests.integration.gateway.harness import Page, RunningGateway
from tests.integration.gateway.test_agent_console import in_state, offered


@dataclass
class Held:
    """A page's copy of the floor, kept as the console keeps it."""

    floor: str = ""
    number: int = 0
    cases: dict[str, Any] = field(default_factory=dict)
    wholes: int = 0

    def take(self, frame: dict[str, Any]) -> None:
        if frame["whole"]:
            self.cases, self.wholes = {}, self.wholes + 1
        else:
            assert (frame["floor"], frame["id"]) == (self.floor, self.number + 1)  # no gap, ever
        for case_id in frame["gone"]:
            del self.cases[case_id]
        self.cases |= {case["case_id"]: case for case in frame["cases"]}
        self.floor, self.number = frame["floor"], frame["id"]

    async def follow(self, page: Page) -> None:
        await page.send("floor", on=True, floor=self.floor, after=self.number)


async def truth(gateway: RunningGateway) -> dict[str, Any]:
    """What is on the floor, read from the desk itself."""
    cases = [*await gateway.desk.active_cases(), *await gateway.desk.messages_left()]
    return {view["case_id"]: view for view in await case_views(gateway.desk, cases)}


async def until_true(gateway: RunningGateway, page: Page, held: Held) -> None:
    """Take frames until the copy is the truth."""
    wanted = await truth(gateway)
    while held.cases != wanted:
        held.take(await page.until(lambda frame: frame["type"] == "floor"))


async def boss_of(gateway: RunningGateway) -> Page:
    return await gateway.agent("zhang", display="老张", roles=(Role.SUPERVISOR,), ready=False)


async def test_a_stale_floor_plus_what_came_equals_a_fresh_one_at_every_step(gateway: RunningGateway) -> None:
    always, coming_back = Held(), Held()
    boss, other = await boss_of(gateway), await boss_of(gateway)
    await always.follow(boss)
    always.take(await boss.until(lambda frame: frame["type"] == "floor"))
    await coming_back.follow(other)
    coming_back.take(await other.until(lambda frame: frame["type"] == "floor"))

    async def step() -> None:
        """The page that stays is right; the one that comes back catches up; a fresh one gets the same."""
        nonlocal other
        await until_true(gateway, boss, always)
        await other.close()
        other = await boss_of(gateway)
        await coming_back.follow(other)
        await until_true(gateway, other, coming_back)
        fresh, page = Held(), await boss_of(gateway)
        await fresh.follow(page)
        fresh.take(await page.until(lambda frame: frame["type"] == "floor"))
        await page.close()
        assert fresh.cases == always.cases == coming_back.cases
        assert fresh.number == always.number

    agent, customer, second = await gateway.agent(), await gateway.customer(), await gateway.customer()
    there = {"conversation_id": customer.snapshot["conversation"]["conversation_id"]}
    await customer.ack(await customer.send("request_human"))
    case = await offered(agent)
    await agent.send("accept", case_id=case["case_id"])
    case = await in_state(agent, "active")
    await step()
    await customer.ack(await customer.send("say", text="在吗"))
    await step()
    assert always.cases[case["case_id"]]["last_text"] == "在吗"
    assert always.cases[case["case_id"]]["owed_since_ms"]
    await agent.ack(await agent.send("say", text="在的", epoch=case["epoch"], **there))
    await step()
    assert always.cases[case["case_id"]]["owed_since_ms"] is None
    await second.ack(await second.send("leave_message", text="还没排队"))  # refused: changes nothing
    await agent.send("status", status="break")
    await agent.until(lambda frame: frame["type"] == "status")
    await second.ack(await second.send("request_human"))
    await second.ack(await second.send("leave_message", text="请回电", contact="13800000000"))
    await step()
    assert sorted(view["state"] for view in always.cases.values()) == ["active", "message_left"]
    await agent.send("resolve", case_id=case["case_id"])
    await in_state(agent, "closed")
    await step()
    assert [view["state"] for view in always.cases.values()] == ["message_left"]
    assert (always.wholes, coming_back.wholes) == (1, 1)  # the rest came as differences


async def test_a_page_that_missed_too_much_or_knows_another_floor_begins_anew(door: RunningGateway) -> None:
    boss = await boss_of(door)
    for floor, after in (("", 0), ("another", 5), (door.parts.floor.name, 99), (door.parts.floor.name, 0)):
        await boss.send("floor", on=True, floor=floor, after=after)
        assert (await boss.until(lambda frame: frame["type"] == "floor"))["whole"]
    await boss.send("floor", on=False)
    agent = await door.agent()
    refused = await agent.ack(await agent.send("floor", on=True))
    assert refused["code"] == "not_allowed"


async def test_a_supervisor_reassigns_a_chat_and_the_chosen_agent_is_offered_it(gateway: RunningGateway) -> None:
    boss, first, customer = await boss_of(gateway), await gateway.agent(), await gateway.customer()
    await customer.ack(await customer.send("request_human"))
    case = await offered(first)
    await first.send("accept", case_id=case["case_id"])
    await in_state(first, "active")
    second = await gateway.agent("xiaoli", display="小李")
    path = f"/api/agent/cases/{case['case_id']}/reassign"
    for page, status in ((first, 403), (customer, 401)):
        async with page.browser.post(path, json={"to_agent": "xiaoli"}) as response:
            assert response.status == status
    async with boss.browser.post(path, json={"to_agent": "nobody"}) as response:
        assert (response.status, (await response.json())["error"]) == (409, "refused")
    async with boss.browser.post(path, json={"to_agent": "xiaoli"}, headers={"Origin": "https://evil.example"}) as no:
        assert no.status == 403
    async with boss.browser.post(path, json={"to_agent": "xiaoli", "note": "小李懂退款"}) as response:
        assert (response.status, (await response.json())["offered_to"]) == (200, "xiaoli")
    moved = await offered(second)
    assert (moved["case_id"], moved["note"]) == (case["case_id"], "小李懂退款")
    await second.send("accept", case_id=case["case_id"])
    assert (await in_state(second, "active"))["agent_id"] == "xiaoli"
    lines = [line for line in gateway.people.audited() if line.action == "reassign"]
    assert {(line.who, line.target) for line in lines} >= {("zhang", f"{case['case_id']} xiaoli")}
