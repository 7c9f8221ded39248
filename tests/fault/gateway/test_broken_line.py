"""The line between the gateway and Redis breaks while people talk; browsers come and go: each sees everything, once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from contracts.conversation import Author
from gateway.testing import ScriptedBot
from gateway.turns import TurnWorker
from handoff.desk import Desk
from tests.fault.proxy import Proxy
from tests.fault.stubborn import Customer
from tests.integration.gateway.harness import PATIENCE_S, make_desk, running_gateway

pytestmark = pytest.mark.redis


class Elsewhere:
    """A worker on another host, whose line to Redis is sound."""

    def __init__(self, redis_url: str, tenant: str, bot: ScriptedBot, settings) -> None:  # type: ignore[no-untyped-def]
        self.desk = make_desk(redis_url, tenant)
        self._worker = TurnWorker(self.desk, self, settings)
        self._script = bot.script
        self._working = asyncio.create_task(self._worker.run())

    async def turn(self, request):  # type: ignore[no-untyped-def]
        return self._script(request)

    async def close(self) -> None:
        self._worker.stop()
        await self._working
        await self.desk.close()


async def conversation_of(desk: Desk, customer: Customer) -> list[tuple[str, str]]:
    """Messages of the log as (author, text), which are those that the customer has seen, each where it is there."""
    async with aiohttp.ClientSession(cookie_jar=customer.cookies) as http:
        headers = {"Origin": customer.url}
        async with http.post(f"{customer.url}/api/customer/session", json={}, headers=headers) as response:
            conversation_id = (await response.json())["conversation_id"]
    log = await desk.log(conversation_id, limit=1000)
    assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
    messages = {entry.seq: entry for entry in log if entry.kind.value == "message"}
    seen = {seq: entry["text"] for seq, entry in customer.entries.items() if entry["kind"] == "message"}
    assert seen == {seq: entry.text for seq, entry in messages.items()}
    return [(entry.author.value, entry.text) for entry in messages.values()]


async def test_a_subscription_that_died_in_silence_is_noticed_and_nothing_is_missed(
    tmp_path: Path, redis_url: str, tenant: str
) -> None:
    """A cable is pulled: no connection breaks, nothing is heard any more. The page only listens."""
    async with (
        Proxy(redis_url) as proxy,
        running_gateway(tmp_path, redis_url=proxy.url, tenant=tenant, with_worker=False) as gateway,
    ):
        desk = make_desk(redis_url, tenant)
        page = await gateway.customer()
        said = await page.ack(await page.send("say", text="在吗"))
        assert (await page.entry("在吗"))["seq"] == said["seq"]
        conversation_id = page.snapshot["conversation"]["conversation_id"]

        proxy.half_kill()
        await desk.say(conversation_id, key="elsewhere", text="从别处来的")
        assert (await page.entry("从别处来的"))["seq"] == said["seq"] + 1
        await desk.close()


async def test_messages_flow_on_through_a_line_that_breaks_again_and_again(
    tmp_path: Path, redis_url: str, tenant: str, chance
) -> None:
    texts = [f"第{number}句" for number in range(25)]
    async with (
        Proxy(redis_url) as proxy,
        running_gateway(tmp_path, redis_url=proxy.url, tenant=tenant, with_worker=False) as gateway,
    ):
        elsewhere = Elsewhere(redis_url, tenant, gateway.bot, gateway.parts.settings)
        customer = Customer(gateway.url)

        async def breaks() -> None:
            faults = ["cut", "cut", "refuse", "hang", "half", "half"]
            chance.shuffle(faults)
            for fault in faults:
                await asyncio.sleep(chance.uniform(0.05, 0.6))
                if fault == "cut":
                    proxy.cut()
                elif fault == "half":
                    proxy.half_kill()
                else:
                    with proxy.refusing() if fault == "refuse" else proxy.hanging():
                        await asyncio.sleep(chance.uniform(0.1, 0.6))

        breaking = asyncio.create_task(breaks())
        for number, text in enumerate(texts, 1):
            await customer.talk(text, until=lambda one, n=number: len(one.said("customer")) >= n)
            await asyncio.sleep(chance.uniform(0, 0.1))
        await breaking
        await customer.talk(None, until=lambda one: len(one.said("bot")) == len(texts))
        spoken = await conversation_of(elsewhere.desk, customer)
        await elsewhere.close()
    assert [text for author, text in spoken if author == "customer"] == texts
    assert [text for author, text in spoken if author == "bot"] == [f"收到：{text}" for text in texts]


async def test_a_browser_that_comes_back_a_hundred_times_sees_everything_once(
    tmp_path: Path, redis_url: str, tenant: str, chance
) -> None:
    """It leaves with and without a word, while both sides talk; on each socket numbers rise, and none is missing."""
    async with running_gateway(tmp_path, redis_url=redis_url, tenant=tenant) as gateway:
        customer = Customer(gateway.url)
        await customer.talk("你好", until=lambda one: len(one.said("bot")) == 1)
        (view,) = [await gateway.desk.conversation(turn.conversation_id) for turn in gateway.bot.asked]
        there = asyncio.Event()

        async def talk() -> None:
            number = 0
            while not there.is_set():
                number += 1
                await gateway.desk.say(view.conversation_id, key=f"k{number}", text=f"第{number}句")
                await asyncio.sleep(chance.uniform(0, 0.02))

        talking = asyncio.create_task(talk())
        for _ in range(100):
            async with customer.live() as socket:
                for _ in range(chance.randrange(5)):
                    customer.take(await socket.receive_json(timeout=PATIENCE_S))
                if chance.random() < 0.5:
                    socket._response.connection.transport.abort()
        there.set()
        await talking
        last = (await gateway.desk.conversation(view.conversation_id)).last_seq
        asked = [
            e.text for e in await gateway.desk.log(view.conversation_id, limit=1000) if e.author is Author.CUSTOMER
        ]
        assert last < 1000
        await customer.talk(None, until=lambda one: len(one.said("bot")) == len(asked))
        spoken = await conversation_of(gateway.desk, customer)
    assert [text for author, text in spoken if author == "bot"] == [f"收到：{text}" for text in asked]
