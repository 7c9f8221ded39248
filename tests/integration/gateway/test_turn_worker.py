"""The turn worker: retries, failures, order, and stopping in the middle of work."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gateway.rasa_client import RasaClient
from gateway.turns import TurnWorker
from handoff.policy import DeskPolicy
from tests.integration.gateway.harness import BOT_SECRET, PATIENCE_S, RunningGateway, running_gateway


async def until(condition) -> None:  # type: ignore[no-untyped-def]
    """Wait for something another task does."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)


async def test_one_failure_is_tried_again_and_not_noticed(gateway: RunningGateway) -> None:
    gateway.bot.failures = [500]
    page = await gateway.customer()
    await page.send("say", text="你好")
    await page.entry("收到：你好")
    assert len(gateway.bot.asked) == 2
    assert await gateway.desk.queue() == []


async def test_a_broken_connection_is_tried_again(gateway: RunningGateway) -> None:
    gateway.bot.failures = [0]
    page = await gateway.customer()
    await page.send("say", text="你好")
    await page.entry("收到：你好")


async def test_two_failures_tell_the_customer_and_take_a_place(gateway: RunningGateway) -> None:
    gateway.bot.failures = [500, 503]
    page = await gateway.customer()
    await page.send("say", text="你好")
    told = await page.entry(author="system", kind="message")
    assert told["data"]["notice"]
    (case,) = await gateway.desk.queue()
    assert case.reason.value == "bot_unavailable"
    await page.send("say", text="还在吗")
    await page.entry("收到：还在吗")


async def test_a_refused_request_is_not_repeated(gateway: RunningGateway) -> None:
    gateway.bot.failures = [400]
    page = await gateway.customer()
    await page.send("say", text="你好")
    await page.entry(author="system", kind="message")
    assert len(gateway.bot.asked) == 1


async def test_turns_of_one_conversation_never_overlap_while_others_go_on(gateway: RunningGateway) -> None:
    gateway.bot.hold = asyncio.Event()
    one, two = await gateway.customer(), await gateway.customer()
    for text in ("甲一", "甲二", "甲三"):
        await one.ack(await one.send("say", text=text))
    await two.ack(await two.send("say", text="乙一"))
    await until(lambda: len(gateway.bot.asked) == 2)
    assert {turn.text for turn in gateway.bot.asked} == {"甲一", "乙一"}
    gateway.bot.hold.set()
    await one.entry("收到：甲三")
    assert [turn.text for turn in gateway.bot.asked if turn.text.startswith("甲")] == ["甲一", "甲二", "甲三"]


async def test_stopping_finishes_the_turn_in_flight(gateway: RunningGateway) -> None:
    gateway.bot.hold = asyncio.Event()
    page = await gateway.customer()
    await page.ack(await page.send("say", text="最后一句"))
    await until(lambda: gateway.bot.asked)
    assert gateway.worker is not None
    gateway.worker.stop()
    gateway.bot.hold.set()
    await page.entry("收到：最后一句")
    assert len(gateway.bot.asked) == 1


async def test_a_slow_answer_is_announced(gateway: RunningGateway) -> None:
    gateway.bot.hold = asyncio.Event()
    page = await gateway.customer()
    await page.send("say", text="慢一点")
    frame = await page.until(lambda frame: frame["type"] == "typing")
    assert frame == {"type": "typing", "author": "bot", "on": True}
    gateway.bot.hold.set()
    frame = await page.until(lambda frame: frame["type"] == "typing")
    assert frame["on"] is False


async def killed(worker: asyncio.Task[None]) -> None:
    """End a worker as a crash does: nothing is finished, nothing is handed back."""
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)


async def test_a_turn_of_a_dead_worker_is_answered_once_by_another(tmp_path: Path, redis_url: str, tenant: str) -> None:
    policy = DeskPolicy(lease_ms=400)
    for url in ("", redis_url):
        async with running_gateway(tmp_path, redis_url=url, tenant=tenant, policy=policy, with_worker=False) as gateway:
            page = await gateway.customer()
            gateway.bot.hold = asyncio.Event()
            first = TurnWorker(gateway.desk, gateway.parts.bot, gateway.parts.settings, name="first")
            dying = asyncio.create_task(first.run())
            for text in ("一", "二"):
                await page.ack(await page.send("say", text=text))
            await until(lambda gateway=gateway: gateway.bot.asked)
            for turn in [*first._running, dying]:
                await killed(turn)
            gateway.bot.hold.set()

            async with RasaClient(gateway.bot.url, BOT_SECRET) as bot:
                second = TurnWorker(gateway.desk, bot, gateway.parts.settings, name="second")
                working = asyncio.create_task(second.run())
                entries = [await page.entry("收到：一"), await page.entry("收到：二")]
                second.stop()
                await working
            assert entries[0]["seq"] < entries[1]["seq"]
            log = await gateway.desk.log(page.snapshot["conversation"]["conversation_id"])
            replies = [entry.text for entry in log if entry.author.value == "bot" and entry.kind.value == "message"]
            assert replies == ["收到：一", "收到：二"]
