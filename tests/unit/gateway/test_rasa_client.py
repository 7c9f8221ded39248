"""The client of the bot's channel tells each kind of failure apart."""

from __future__ import annotations

import asyncio
import socket

import pytest
from aiohttp import web

from contracts.turn import BotMessage, TurnRequest, TurnResult
from gateway.rasa_client import BotFailed, BotRefused, BotTooSlow, BotUnreachable, RasaClient
from gateway.testing import ScriptedBot

SECRET = "s" * 40
TURN = TurnRequest("web:x", 1, 1, "你好", deadline_ms=5000)


async def test_a_turn_is_answered_over_one_kept_connection() -> None:
    async with ScriptedBot(SECRET).serving() as bot, RasaClient(bot.url, SECRET) as client:
        for _ in range(3):
            assert (await client.turn(TURN)).messages == (BotMessage("收到：你好"),)
        assert await client.healthy()
        assert bot.asked == [TURN] * 3


@pytest.mark.parametrize(
    ("status", "kind", "again"), [(500, BotFailed, True), (504, BotFailed, True), (400, BotRefused, False)]
)
async def test_statuses_become_errors(status: int, kind: type, again: bool) -> None:
    async with ScriptedBot(SECRET, failures=[status]).serving() as bot, RasaClient(bot.url, SECRET) as client:
        with pytest.raises(kind) as failed:
            await client.turn(TURN)
        assert failed.value.code == "turn_failed"
        assert failed.value.again is again


async def test_a_wrong_secret_is_refused_and_not_worth_another_try() -> None:
    async with ScriptedBot(SECRET).serving() as bot, RasaClient(bot.url, "wrong") as client:
        with pytest.raises(BotRefused, match="unauthorised"):
            await client.turn(TURN)
        assert bot.asked == []


async def test_a_broken_connection_and_a_closed_port_are_unreachable() -> None:
    async with ScriptedBot(SECRET, failures=[0]).serving() as bot, RasaClient(bot.url, SECRET) as client:
        with pytest.raises(BotUnreachable):
            await client.turn(TURN)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    async with RasaClient(url, SECRET) as client:
        with pytest.raises(BotUnreachable):
            await client.turn(TURN)
        assert not await client.healthy()


async def test_a_bot_that_hangs_is_given_up_at_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.rasa_client.GRACE_MS", 0)
    async with ScriptedBot(SECRET, hold=asyncio.Event()).serving() as bot, RasaClient(bot.url, SECRET) as client:
        with pytest.raises(BotTooSlow):
            await client.turn(TurnRequest("web:x", 1, 1, "你好", deadline_ms=50))


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>", b'{"messages":[{"text":5}]}', b"x" * 1_100_000])
async def test_an_answer_that_is_no_result_is_a_failure(body: bytes) -> None:
    async def odd(request: web.Request) -> web.Response:
        return web.Response(body=body)

    app = web.Application()
    app.router.add_post("/webhooks/jiehua/turn", odd)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with RasaClient(f"http://127.0.0.1:{runner.addresses[0][1]}", SECRET) as client:
        with pytest.raises(BotFailed):
            await client.turn(TURN)
    await runner.cleanup()


async def test_saying_nothing_and_calling_nobody_is_a_failure() -> None:
    silent = ScriptedBot(SECRET, script=lambda turn: TurnResult(()))
    async with silent.serving() as bot, RasaClient(bot.url, SECRET) as client:
        with pytest.raises(BotFailed, match="empty_answer"):
            await client.turn(TURN)
