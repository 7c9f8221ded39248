"""A gateway with worker and scripted bot in the test's own event loop, served on a real port, and its clients."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn
from yarl import URL

from gateway.app import create_app
from gateway.parts import Parts
from gateway.people import People, database_url
from gateway.rasa_client import RasaClient
from gateway.secret_file import load_secrets
from gateway.settings import Settings
from gateway.store import MemoryStore, RedisStore
from gateway.testing import ScriptedBot
from gateway.turns import TurnWorker
from gateway.wiring import server_config
from handoff.desk import Desk
from handoff.memory import MemoryBackend
from handoff.policy import DeskPolicy

BOT_SECRET = "b" * 40
PATIENCE_S = 20.0


@dataclass
class RunningGateway:
    """What a test talks to."""

    url: str
    parts: Parts
    bot: ScriptedBot
    worker: TurnWorker | None
    people: People
    opened: list[aiohttp.ClientSession] = field(default_factory=list)

    @property
    def desk(self) -> Desk:
        return self.parts.desk

    def browser(self) -> aiohttp.ClientSession:
        """A fresh browser: its own cookies, no origin by itself."""
        session = aiohttp.ClientSession(
            base_url=self.url, cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=aiohttp.ClientTimeout(PATIENCE_S)
        )
        self.opened.append(session)
        return session

    async def customer(self, browser: aiohttp.ClientSession | None = None, *, after: int = 0) -> Page:
        """A customer page with its session and its live socket open."""
        browser = browser or self.browser()
        async with browser.post("/api/customer/session", json={}) as response:
            assert response.status == 200, await response.text()
        return await Page.open(self, browser, f"/api/customer/live?after={after}")

    async def agent(self, name: str = "xiaowang", *, display: str = "小王", ready: bool = True, **options: Any) -> Page:
        """A person with an open console; `options` go to People.add."""
        if await asyncio.to_thread(self.people.get, name) is None:
            await asyncio.to_thread(
                lambda: self.people.add(name, display=display, password=f"password-{name}", **options)
            )
        browser = self.browser()
        async with browser.post("/api/agent/login", json={"name": name, "password": f"password-{name}"}) as response:
            assert response.status == 200, await response.text()
        page = await Page.open(self, browser, "/api/agent/live")
        if ready:
            await page.send("status", status="ready")
            await page.until(lambda frame: frame["type"] == "status")
        return page

    async def rest(self, message: Any, *, sender: str = "me", **more: Any) -> tuple[int, Any]:
        """One call of the REST webhook: (status, body)."""
        session = self.browser()
        async with session.post(
            "/webhooks/rest/webhook", json={"sender": sender, "message": message, **more}
        ) as response:
            return response.status, await response.json()


@dataclass
class Page:
    """One browser page with a live socket; `frames` are those received and not yet looked at."""

    browser: aiohttp.ClientSession
    socket: aiohttp.ClientWebSocketResponse
    snapshot: dict[str, Any] = field(default_factory=dict)

    @classmethod
    async def open(cls, gateway: RunningGateway, browser: aiohttp.ClientSession, path: str) -> Page:
        page = cls(browser, await browser.ws_connect(path, headers={"Origin": gateway.url}))
        page.snapshot = await page.next()
        assert page.snapshot["type"] == "snapshot", page.snapshot
        return page

    async def send(self, kind: str, **fields: Any) -> str:
        """Send a frame with a fresh key; returns the key."""
        key = fields.setdefault("key", secrets.token_hex(6))
        await self.socket.send_str(json.dumps({"type": kind, **fields}))
        return key

    async def next(self) -> dict[str, Any]:
        """The next frame; fails when the socket closes instead."""
        message = await asyncio.wait_for(self.socket.receive(), PATIENCE_S)
        assert message.type is aiohttp.WSMsgType.TEXT, f"closed with {self.socket.close_code}"
        return json.loads(message.data)

    async def until(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next frame that fits; others are passed over."""
        while True:
            frame = await self.next()
            if fits(frame):
                return frame

    async def entry(self, text: str = "", **wanted: Any) -> dict[str, Any]:
        """The next log entry whose text contains `text` and whose fields are as wanted."""
        frame = await self.until(
            lambda frame: (
                frame["type"] == "entry"
                and text in frame["entry"]["text"]
                and all(frame["entry"][name] == value for name, value in wanted.items())
            )
        )
        return frame["entry"]

    async def ack(self, key: str) -> dict[str, Any]:
        """The acknowledgement of a key, or its error."""
        return await self.until(lambda frame: frame["type"] in ("ack", "error") and frame.get("key") == key)

    async def ack_or_error(self, key: str) -> dict[str, Any]:
        """As `ack`, also for an error that could not tell the key (the frame was not even read)."""
        return await self.until(lambda frame: frame["type"] in ("ack", "error") and frame.get("key") in (key, ""))

    async def closed(self) -> int | None:
        """Wait until the server closes; returns the code."""
        while (await asyncio.wait_for(self.socket.receive(), PATIENCE_S)).type is aiohttp.WSMsgType.TEXT:
            pass
        return self.socket.close_code

    async def close(self) -> None:
        await self.socket.close()

    def cookie(self, name: str, url: str) -> str:
        return self.browser.cookie_jar.filter_cookies(URL(url))[name].value


@asynccontextmanager
async def running_gateway(
    tmp_path: Path,
    *,
    redis_url: str = "",
    tenant: str = "default",
    with_worker: bool = True,
    policy: DeskPolicy | None = None,
    **settings: Any,
) -> AsyncIterator[RunningGateway]:
    """Serve a gateway over memory, or over Redis when a URL is given."""
    async with AsyncExitStack() as stack:
        bot = await stack.enter_async_context(ScriptedBot(BOT_SECRET).serving())
        chosen = replace(
            Settings(),
            data=tmp_path,
            host="127.0.0.1",
            port=0,
            redis_url=redis_url or "memory:",
            tenant=tenant,
            bot_url=bot.url,
            actions_url=bot.url,
            bot_secret=BOT_SECRET,
            **{
                "customer_burst": 200,
                "address_burst": 2000,
                "sessions_per_minute": 500,
                **settings,
            },
        )
        desk, store = make_desk(redis_url, tenant, policy), make_store(redis_url, tenant)
        people = People(database_url(tmp_path))
        parts = Parts.build(
            settings=chosen,
            desk=desk,
            people=people,
            store=store,
            secrets=load_secrets(tmp_path),
            bot=RasaClient(bot.url, BOT_SECRET),
        )
        server = QuietServer(server_config(create_app(parts), chosen))
        serving = asyncio.create_task(server.serve())
        while not server.started:
            assert not serving.done(), "the server did not start"
            await asyncio.sleep(0.005)
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        worker = TurnWorker(desk, parts.bot, chosen, store=store) if with_worker else None
        working = asyncio.create_task(worker.run()) if worker else None
        gateway = RunningGateway(url, parts, bot, worker, people)
        try:
            yield gateway
        finally:
            for session in gateway.opened:
                await session.close()
            if worker and working:
                worker.stop()
                await asyncio.wait_for(working, PATIENCE_S)
            server.should_exit = True
            await serving
            await desk.close()
            await store.close()
            people.close()


def make_desk(redis_url: str, tenant: str, policy: DeskPolicy | None = None) -> Desk:
    """A desk over memory or Redis."""
    if not redis_url:
        return Desk(MemoryBackend(), policy or DeskPolicy())
    from handoff.redis.backend import RedisBackend

    return Desk(RedisBackend(redis_url, tenant=tenant), policy or DeskPolicy())


def make_store(redis_url: str, tenant: str) -> MemoryStore | RedisStore:
    return RedisStore(redis_url, tenant=tenant) if redis_url else MemoryStore()


class QuietServer(uvicorn.Server):
    """Leaves the test process's signal handlers alone."""

    def capture_signals(self) -> AbstractContextManager[None]:
        return nullcontext()
