"""Targets as the pages get them: due times in every list, a frame when one is missed, and what is late now."""

from __future__ import annotations

from gateway.people import Role
from handoff.config.config import Config
from handoff.config.targets import Target, Targets
from tests.integration.gateway.harness import RunningGateway
from tests.integration.gateway.test_agent_console import in_state, offered


async def test_a_missed_target_reaches_who_has_the_chat_and_the_supervisors_floor(gateway: RunningGateway) -> None:
    boss = await gateway.agent("zhang", display="老张", roles=(Role.SUPERVISOR,), ready=False)
    await boss.send("floor", on=True, floor="", after=0)
    agent = await gateway.agent()
    customer = await gateway.customer()
    await customer.send("request_human")
    case = await offered(agent)
    assert case["answer_due_ms"] == case["owed_since_ms"] + 60_000
    await agent.send("accept", case_id=case["case_id"])
    taken = await in_state(agent, "active")
    assert taken["resolution_due_ms"] is None
    store = gateway.parts.live.store
    kept = await store.put(
        "targets", {"standard": {"first_s": 1, "next_s": 1, "resolution_s": 3600}}, by="zhang", version=0
    )
    assert kept.version == 1
    floor = await boss.until(
        lambda frame: frame["type"] == "floor" and any(one["resolution_due_ms"] for one in frame["cases"])
    )
    (shown,) = [one for one in floor["cases"] if one["case_id"] == case["case_id"]]
    assert shown["answer_due_ms"] == case["owed_since_ms"] + 1000
    # A clock that runs is looked at again when it was due before; a turn that becomes owed now goes by the new target.
    said = await agent.send("say", conversation_id=case["conversation_id"], text="您好", epoch=taken["epoch"])
    await agent.ack(said)  # only then does what the customer says begin a turn of its own
    await customer.send("say", text="我的包裹呢")
    for page in (agent, boss):
        told = await page.until(
            lambda frame: frame["type"] == "sla" and (frame["what"], frame["stage"]) == ("next", "breached")
        )
        assert (told["case_id"], told["due_ms"]) == (case["case_id"], told["since_ms"] + 1000)
    async with boss.browser.get("/api/agent/late") as response:
        found = await response.json()
    assert (found["n"], found["late"][0]["case_id"], found["late"][0]["what"]) == (1, case["case_id"], "next")
    async with agent.browser.get("/api/agent/late") as response:
        assert response.status == 403


async def test_a_fresh_page_has_the_due_times_of_the_targets_in_force(door: RunningGateway) -> None:
    door.desk.use(Config(targets=Targets(Target(30, 60, 600), warn_percent=50)))
    customer = await door.customer()
    await customer.send("request_human")
    agent = await door.agent()
    case = await offered(agent)
    times = [
        case[f"{what}_{when}_ms"] - case["enqueued_ms"] for what in ("answer", "resolution") for when in ("warn", "due")
    ]
    assert times == [15_000, 30_000, 300_000, 600_000]
