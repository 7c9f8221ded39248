"""Every route that changes something, asked twice: what is then kept is what is kept when it is asked once.

A page whose answer was lost on the way does not know what became of its request, so it sends the same again. The second
answer is the first one again, or says clearly why not; nothing is there twice, and nothing else has moved. What is
kept is everything: all keys in Redis, all tables, all files.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from gateway.app import http_app
from tests.fault.gateway.requests import ROWS
from tests.fault.gateway.shop import Shop
from tests.integration.gateway.editing import GOLDEN, REFUND, RETURN, InProcess
from tests.integration.gateway.harness import PATIENCE_S, running_gateway
from tests.integration.gateway.test_socketio import Client

pytestmark = pytest.mark.redis

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture
async def shop(tmp_path: Path, redis_url: str, tenant: str) -> AsyncIterator[Shop]:
    faq = tmp_path / "kb" / "faq"
    faq.mkdir(parents=True)
    (faq / "a.yml").write_text(REFUND + RETURN, "utf-8")
    (faq.parent / "golden.jsonl").write_text(GOLDEN, "utf-8")
    running = running_gateway(tmp_path / "data", faq=faq, redis_url=redis_url, tenant=tenant)
    async with running as gateway:
        bench = gateway.parts.workbench
        bench.scoring = bench.voice._scoring = InProcess(faq)  # type: ignore[assignment]
        yield Shop(gateway, faq, redis_url, tenant)


async def test_there_is_a_row_for_every_route_that_changes_something(shop: Shop) -> None:
    routes = routes_of(http_app(shop.gateway.parts).router)
    changing = {f"{method} {route.path}" for route in routes for method in route.methods & CHANGING}
    assert set(ROWS) == changing


def routes_of(router: APIRouter) -> list[APIRoute]:
    """Every route, also of the routers that were included, which are kept as they are."""
    found = []
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        found += routes_of(inner) if inner is not None else [route] if isinstance(route, APIRoute) else []
    return found


@pytest.mark.parametrize("route", ROWS)
async def test_asked_twice_it_is_done_once(shop: Shop, route: str) -> None:
    asked = await ROWS[route](shop)
    method, _, path = route.partition(" ")
    assert asked.method == method
    assert re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), asked.path.partition("?")[0]), "the row is another's"
    status, answer = await asked.send()
    assert status in (200, 201), answer
    once = await shop.kept()
    status, again = await asked.send()
    assert status in (200, 201, 400, 401, 404, 409), again
    assert status < 400 or again["message"], "a refusal says why"
    assert different(once, await shop.kept(), asked.anew) == {}
    if status < 400 and not asked.anew:
        assert again == answer


def different(once: dict[str, Any], twice: dict[str, Any], anew: tuple[str, ...]) -> dict[str, Any]:
    """What another asking changed: {place: (after one, after two)}."""
    return {
        place: (once.get(place), twice.get(place))
        for place in once.keys() | twice.keys()
        if once.get(place) != twice.get(place) and not any(re.fullmatch(pattern, place) for pattern in anew)
    }


async def test_a_socket_io_client_that_sends_everything_twice_is_in_one_session_and_says_each_thing_once(
    shop: Shop,
) -> None:
    client = Client()
    session = await client.open(shop.gateway)
    await client.io.emit("session_request", {"session_id": None})
    assert await asyncio.wait_for(client.confirmed.get(), PATIENCE_S) == session
    await client.say("你好", session)
    assert (await client.next())["text"] == "收到：你好"
    for named in ({"key": "k1"}, {"customData": {"key": "k2"}}):
        once = {}
        for _ in range(2):
            words = {"message": "我的包裹呢", "session_id": session, **named}
            await client.io.call("user_uttered", words, timeout=PATIENCE_S)
            kept = await shop.kept()
            assert different(once or kept, kept, ()) == {}
            once = kept
        assert (await client.next())["text"] == "收到：我的包裹呢"
    assert client.uttered.empty()
    await client.close()
