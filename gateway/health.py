"""`/health`: this process lives. `/ready`: the parts it needs answer, each by name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

import aiohttp
from fastapi import APIRouter, Response

from gateway import wire
from gateway.parts import Parts
from gateway.turns import ALIVE_NAME

PATIENCE_S = 2.0


def routes(parts: Parts) -> APIRouter:
    """The two health endpoints; neither tells anything beyond yes and no."""
    router = APIRouter()

    @router.get("/health")
    async def health() -> Response:
        return wire.answer({"status": "ok"})

    @router.get("/ready")
    async def ready() -> Response:
        names = ("redis", "bot", "actions", "worker")
        found = await asyncio.gather(
            _within(_store_answers(parts)),
            _within(parts.bot.healthy(timeout_s=PATIENCE_S)),
            _within(_actions_answer(parts.settings.actions_urls)),
            _within(_worker_lives(parts)),
        )
        state = dict(zip(names, found))
        good = all(found)
        return wire.answer({"status": "ok" if good else "not_ready", **state}, status=200 if good else 503)

    return router


async def _within(question: Awaitable[bool]) -> bool:
    try:
        return await asyncio.wait_for(question, PATIENCE_S)
    except Exception:
        return False


async def _store_answers(parts: Parts) -> bool:
    await parts.store.ping()
    return True


async def _worker_lives(parts: Parts) -> bool:
    return await parts.store.get(ALIVE_NAME) is not None


async def _actions_answer(urls: Sequence[str]) -> bool:
    async with aiohttp.ClientSession(trust_env=False) as session:

        async def answers(url: str) -> bool:
            async with session.get(url.rstrip("/") + "/health") as response:
                return response.status == 200

        return all(await asyncio.gather(*map(answers, urls)))
