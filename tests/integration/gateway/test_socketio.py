"""Clients made for Rasa's Socket.IO channel keep working."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import socketio

from tests.integration.gateway.harness import PATIENCE_S, RunningGateway
from tests.integration.gateway.test_agent_console import in_state, offered


class Client:
    """A Socket.IO client as rasa-webchat is one: asks for a session, keeps what is uttered."""

    def __init__(self) -> None:
        self.io = socketio.AsyncClient(reconnection=False)
        self.uttered: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.confirmed: asyncio.Queue[str] = asyncio.Queue()
        self.io.on("bot_uttered", self.uttered.put)
        self.io.on("session_confirm", self.confirmed.put)

    async def open(self, gateway: RunningGateway, session_id: str | None = None, **options: Any) -> str:
        await self.io.connect(gateway.url, **options)
        await self.io.emit("session_request", {"session_id": session_id})
        return await asyncio.wait_for(self.confirmed.get(), PATIENCE_S)

    async def say(self, message: Any, session_id: str) -> None:
        await self.io.emit("user_uttered", {"message": message, "session_id": session_id, "customData": {}})

    async def next(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.uttered.get(), PATIENCE_S)

    async def close(self) -> None:
        await self.io.disconnect()


async def test_a_session_is_confirmed_and_a_question_answered(gateway: RunningGateway) -> None:
    client = Client()
    session = await client.open(gateway)
    await client.say("你好", session)
    assert (await client.next())["text"] == "收到：你好"
    await client.say("选", session)
    said = await client.next()
    assert said["quick_replies"][0] == {"content_type": "text", "title": "怎么退货？", "payload": "怎么退货？"}
    await client.close()


async def test_what_a_person_writes_arrives_by_itself(gateway: RunningGateway) -> None:
    agent, client = await gateway.agent(), Client()
    session = await client.open(gateway)
    await client.say("转人工", session)
    await client.next()
    case = await offered(agent)
    await agent.send("accept", case_id=case["case_id"])
    case = await in_state(agent, "active")
    assert "小王" in (await client.next())["text"]
    await agent.send("say", conversation_id=case["conversation_id"], text="我来了", epoch=case["epoch"])
    said = await client.next()
    assert said["text"] == "我来了"
    assert said["metadata"]["author"] == "agent"
    await client.close()


async def test_what_was_said_meanwhile_follows_on_return(gateway: RunningGateway) -> None:
    first, second = Client(), Client()
    session = await first.open(gateway)
    await first.say("一", session)
    await first.next()
    gateway.bot.hold = asyncio.Event()
    await first.say("二", session)
    while len(gateway.bot.asked) < 2:
        await asyncio.sleep(0.01)
    await first.close()
    gateway.bot.hold.set()
    assert await second.open(gateway, session) == session
    assert (await second.next())["text"] == "收到：二"
    await second.close()


async def test_a_session_id_cannot_be_made_up(gateway: RunningGateway) -> None:
    victim, thief = Client(), Client()
    session = await victim.open(gateway)
    await victim.say("我的秘密", session)
    await victim.next()
    for guess in (session[:-2] + "xx", session.partition(".")[0], "socketio:1", "web:1", 5, {"a": 1}, "x" * 5000):
        await thief.io.connect(gateway.url) if not thief.io.connected else None
        await thief.io.emit("session_request", {"session_id": guess})
        given = await asyncio.wait_for(thief.confirmed.get(), PATIENCE_S)
        assert given != session
    await thief.say("你好", session[:-2] + "xx")
    assert (await thief.next())["text"] == "收到：你好"
    assert thief.uttered.empty()
    await victim.close()
    await thief.close()


async def test_what_is_said_while_the_session_is_still_opening_waits_for_it(
    gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty, other = Client(), Client()
    opening, may_open = asyncio.Event(), asyncio.Event()
    open_conversation = type(gateway.desk).open

    async def slowly(desk: Any, conversation_id: str, **options: Any) -> Any:
        opening.set()
        await may_open.wait()
        return await open_conversation(desk, conversation_id, **options)

    with monkeypatch.context() as patch:
        patch.setattr(gateway.desk, "open", slowly.__get__(gateway.desk), raising=False)
        session = await hasty.open(gateway)
        await hasty.say("你好", session)
        await asyncio.wait_for(opening.wait(), PATIENCE_S)
    # A whole session of somebody else: by then the hasty client's words have long been read.
    theirs = await other.open(gateway)
    await other.say("别人", theirs)
    assert (await other.next())["text"] == "收到：别人"
    assert hasty.uttered.empty()
    may_open.set()
    assert (await hasty.next())["text"] == "收到：你好"
    await hasty.close()
    await other.close()


async def test_broken_events_are_answered_in_words(gateway: RunningGateway) -> None:
    client = Client()
    session = await client.open(gateway)
    for message, code in (("", "bad_request"), ("长" * 2001, "too_long"), (None, "bad_request"), ([1], "bad_request")):
        await client.say(message, session)
        said = await client.next()
        assert said["metadata"]["error"] == code
    await client.io.emit("user_uttered", "no object")
    assert (await client.next())["metadata"]["error"] == "bad_request"
    await client.say("你好", session)
    assert (await client.next())["text"] == "收到：你好"
    await client.close()


async def test_foreign_pages_cannot_connect(gateway: RunningGateway) -> None:
    client = Client()
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.open(gateway, headers={"Origin": "https://evil.example"})
