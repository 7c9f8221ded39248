"""A shop with everybody who may ask for something, and all that it keeps."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import redis.asyncio

from gateway.people import Role
from tests.integration.gateway.harness import Page, RunningGateway
from tests.integration.gateway.test_agent_console import handed_over

#: What moves by itself, or counts that something was asked at all.
LIVES_BY_ITSELF = (
    r"swept|turns|presence|events",  # the sweep, the workers' groups, signs of life
    r"gw:(worker-alive|cursor:|login-tries:|claims-made:|claim-tries:).*",
)
Answer = tuple[int, Any]


@dataclass
class Asked:
    """One request as a browser sends it. `anew` names what each asking gives afresh, and why that is right."""

    browser: aiohttp.ClientSession
    path: str
    body: Any = field(default_factory=dict)
    method: str = "POST"
    anew: tuple[str, ...] = ()

    async def send(self) -> Answer:
        how = {"data": self.body} if isinstance(self.body, bytes) else {"json": self.body}
        async with self.browser.request(self.method, self.path, **how) as response:
            text = await response.text()
            with contextlib.suppress(ValueError):
                return response.status, json.loads(text, object_hook=_timeless)
            return response.status, text


@dataclass
class Shop:
    """A gateway with everybody who may ask for something."""

    gateway: RunningGateway
    faq: Path
    redis_url: str
    tenant: str

    # --- who asks

    async def staff(self, name: str, *roles: Role) -> aiohttp.ClientSession:
        await asyncio.to_thread(
            lambda: self.gateway.people.add(name, display=name, password=f"password-{name}", roles=roles)
        )
        browser = self.gateway.browser()
        done = await Asked(browser, "/api/agent/login", {"name": name, "password": f"password-{name}"}).send()
        assert done[0] == 200, done
        return browser

    async def agent(self) -> aiohttp.ClientSession:
        return await self.staff("wang", Role.AGENT)

    async def boss(self) -> aiohttp.ClientSession:
        return await self.staff("boss", Role.AGENT, Role.SUPERVISOR)

    async def admin(self) -> aiohttp.ClientSession:
        return await self.staff("chief", Role.ADMIN)

    async def editor(self) -> aiohttp.ClientSession:
        return await self.staff("bian", Role.EDITOR)

    async def customer(self, text: str = "你好") -> tuple[aiohttp.ClientSession, str]:
        """A customer to whom the bot has answered, and their conversation."""
        page = await self.gateway.customer()
        await page.ack(await page.send("say", text=text))
        await page.until(lambda frame: frame["type"] == "entry" and frame["entry"]["author"] == "bot")
        await page.close()
        return page.browser, id_of(page)

    async def served(self) -> tuple[str, Page, dict[str, Any]]:
        """A customer with the agent xiaowang, who answered once: (conversation, agent, case)."""
        _, agent, case = await handed_over(self.gateway)
        conversation_id = case["conversation_id"]
        key = await agent.send("say", conversation_id=conversation_id, text="三个工作日内。", epoch=case["epoch"])
        return conversation_id, agent, {**case, "seq": (await agent.ack(key))["seq"]}

    async def ticket(self, browser: aiohttp.ClientSession, title: str = "回电") -> dict[str, Any]:
        done = await Asked(browser, "/api/agent/tickets", {"key": "t", "title": title}).send()
        assert done[0] == 200, done
        return done[1]

    async def draft(self, browser: aiohttp.ClientSession, answer: str = "七个工作日内。") -> dict[str, Any]:
        async with browser.get("/api/knowledge/entry?id=refund") as response:
            entry = await response.json()
        body = {
            "key": "refund",
            "entry_id": "refund",
            "made_from": entry["version"],
            "form": {**entry["form"], "answer": answer},
        }
        done = await Asked(browser, "/api/knowledge/drafts", body).send()
        assert done[0] == 200, done
        return done[1]

    # --- what is kept

    async def kept(self) -> dict[str, Any]:
        """Everything, by place."""
        await self.quiet()
        found = await asyncio.to_thread(self._on_disk)
        async with redis.asyncio.Redis.from_url(self.redis_url, decode_responses=True) as client:
            root = f"jh:{{{self.tenant}}}:"
            async for key in client.scan_iter(f"{root}*", count=1000):
                name = key.removeprefix(root)
                if not any(re.fullmatch(pattern, name) for pattern in LIVES_BY_ITSELF):
                    found[f"redis {name}"] = await _value(client, key)
        return found

    async def quiet(self) -> None:
        """Wait until the bot owes no answer and nobody is still to be told something."""
        async with asyncio.timeout(20):
            while await asyncio.to_thread(self.gateway.parts.workbench.workbook.untold):
                await asyncio.sleep(0.01)
            async with redis.asyncio.Redis.from_url(self.redis_url) as client:
                while [key async for key in client.scan_iter(f"jh:{{{self.tenant}}}:queue:*")]:
                    await asyncio.sleep(0.01)

    def _on_disk(self) -> dict[str, Any]:
        data, found = self.gateway.parts.settings.data, {}
        for path in sorted((*data.rglob("*"), *self.faq.parent.rglob("*"))):
            if path.suffix == ".db":
                found.update(_tables(path))
            elif path.is_file() and not path.name.endswith(("-wal", "-shm", "-journal")):
                found[f"file {path.name}"] = path.read_bytes()
        return found


def _tables(path: Path) -> dict[str, Any]:
    with contextlib.closing(sqlite3.connect(path)) as db:
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        # The audit tells that somebody asked, and they did so twice.
        return {
            f"table {path.stem}.{name}": sorted(map(repr, db.execute(f"SELECT * FROM {name}")))
            for name in names
            if name != "audit"
        }


def _timeless(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without how long it took."""
    return {name: value for name, value in answer.items() if name != "took_ms"}


async def _value(client: Any, key: str) -> Any:
    kind = await client.type(key)
    if kind == "string":
        return await client.get(key)
    if kind == "hash":
        return {name: value for name, value in (await client.hgetall(key)).items() if name != "heard_ms"}
    if kind == "list":
        return await client.lrange(key, 0, -1)
    if kind == "set":
        return sorted(await client.smembers(key))
    if kind == "zset":
        return await client.zrange(key, 0, -1, withscores=True)
    assert kind == "stream", kind
    return await client.xrange(key)


def id_of(page: Page) -> str:
    return page.snapshot["conversation"]["conversation_id"]
