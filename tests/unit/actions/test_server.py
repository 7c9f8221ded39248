from __future__ import annotations

import asyncio
import json
import socket
import uuid
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher
from rasa_sdk.interfaces import ActionExecutionRejection

from actions.guarded import ActionFailure
from actions.server import build_app

SECRET = "a-secret-of-this-test"


class Does(Action):
    """Says something, or raises what it was given."""

    def __init__(self, name: str, error: Exception | None = None) -> None:
        self._name = name
        self._error = error

    def name(self) -> str:
        return self._name

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        if self._error is not None:
            raise self._error
        dispatcher.utter_message(text="好的")
        return []


class Served:
    version = "v7"
    entries = 3
    stale = False


@pytest.fixture
async def url() -> AsyncIterator[str]:
    executor = ActionExecutor()
    for action in (
        Does("good"),
        Does("late", ActionFailure("late", "deadline")),
        Does("broken", RuntimeError("我的电话是13800138000")),
        Does("declines", ActionExecutionRejection("declines")),
    ):
        executor.register_action(action)
    app = build_app(executor, Served(), SECRET, name=f"t{uuid.uuid4().hex[:8]}")
    app.config.TOUCHUP = False  # it rewrites Sanic itself, which works once a process
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = await app.create_server(host="127.0.0.1", port=port, return_asyncio_server=True, access_log=False)
    await server.startup()
    yield f"http://127.0.0.1:{port}"
    server.close()
    await server.wait_closed()


def call(action: str) -> bytes:
    tracker = {"sender_id": "c#1", "slots": {}, "events": [], "latest_message": {"text": "我的电话是13800138000"}}
    return json.dumps({"next_action": action, "sender_id": "c#1", "tracker": tracker, "domain": {}}).encode()


async def post(url: str, body: bytes, secret: str | None = SECRET) -> tuple[int, str, dict[str, str]]:
    headers = {} if secret is None else {"X-Jiehua-Secret": secret}
    async with aiohttp.ClientSession() as session, session.post(f"{url}/webhook", data=body, headers=headers) as answer:
        return answer.status, await answer.text(), {k.lower(): v for k, v in answer.headers.items()}


async def test_an_action_is_run(url: str) -> None:
    status, body, _ = await post(url, call("good"))
    assert status == 200
    assert json.loads(body)["responses"][0]["text"] == "好的"


@pytest.mark.parametrize("secret", [None, "", "wrong", "é"])
async def test_whoever_does_not_know_the_secret_is_refused(url: str, secret: str | None) -> None:
    assert (await post(url, call("good"), secret))[0] == 401


@pytest.mark.parametrize(
    ("action", "status", "error"),
    [
        ("late", 500, "deadline"),
        ("broken", 500, "internal"),
        ("unknown", 404, "no_such_action"),
        ("declines", 400, "rejected"),
    ],
)
async def test_a_failure_says_which_action_and_nothing_of_the_conversation(
    url: str, action: str, status: int, error: str
) -> None:
    got, body, headers = await post(url, call(action))
    assert got == status
    assert json.loads(body) == {"error": error, "action_name": action}
    assert "13800138000" not in body
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"next_action": 5, "tracker": {}}', b'{"next_action": "good", "tracker": 1}']
)
async def test_what_is_no_call_is_refused(url: str, body: bytes) -> None:
    status, text, _ = await post(url, body)
    assert (status, json.loads(text)["error"]) == (422, "bad_request")


async def test_health_and_version_tell_of_the_knowledge_base(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/health") as answer:
            assert await answer.json() == {"status": "ok", "entries": 3, "stale": False}
        async with session.get(f"{url}/version") as answer:
            assert await answer.json() == {"version": "v7"}


async def test_calls_run_side_by_side(url: str) -> None:
    answers = await asyncio.gather(*(post(url, call("good")) for _ in range(20)))
    assert {status for status, _, _ in answers} == {200}
