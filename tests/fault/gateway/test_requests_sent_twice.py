"""Every request a browser can send, sent twice: what is then in the log is what is there when each is sent once.

A page that lost its socket does not know what arrived, so it sends everything again under the same keys.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway import frames
from gateway.people import Role
from tests.integration.gateway.harness import Page, RunningGateway, running_gateway

pytestmark = pytest.mark.redis


class Story:
    """One day at the shop, in which each request is sent `times` times; remembers which frames were sent."""

    def __init__(self, gateway: RunningGateway, times: int) -> None:
        self.gateway, self.times = gateway, times
        self.customer_frames: set[str] = set()
        self.agent_frames: set[str] = set()
        self._keys = 0

    async def send(self, page: Page, kind: str, **fields: Any) -> None:
        """Send a frame so many times, and wait until all of them have been handled."""
        (self.customer_frames if page.snapshot.get("conversation") else self.agent_frames).add(kind)
        self._keys += 1
        fields.setdefault("key", f"key-{self._keys}")
        for _ in range(self.times):
            await page.send(kind, **fields)
        await page.send("ping")  # a socket handles its frames in order
        await page.until(lambda frame: frame["type"] == "pong")

    async def post(self, page: Page, path: str, body: dict[str, Any]) -> None:
        for _ in range(self.times):
            async with page.browser.post(path, json=body) as response:
                assert response.status == 200, await response.text()

    async def asked_for_a_person(self, page: Page) -> Any:
        await self.send(page, "request_human")
        return await self.case_of(page)

    async def case_of(self, page: Page) -> Any:
        cases = await self.gateway.desk.cases_of(page.snapshot["conversation"]["conversation_id"])
        return cases[-1]

    async def answered(self, page: Page, replies: int) -> None:
        """Wait until the bot has said so much."""
        conversation_id = page.snapshot["conversation"]["conversation_id"]
        async with asyncio.timeout(20):
            while True:
                log = await self.gateway.desk.log(conversation_id)
                if sum(e.kind.value == "message" and e.author.value == "bot" for e in log) >= replies:
                    return
                await asyncio.sleep(0.01)


async def story(gateway: RunningGateway, times: int) -> tuple[Story, list[list[tuple[Any, ...]]]]:
    """The logs of three conversations as (kind, author, text, verb, notice, …)."""
    told = Story(gateway, times)
    ann = await gateway.customer()
    await told.send(ann, "say", text="你好")
    await told.answered(ann, 1)
    await told.post(ann, "/api/customer/session", {})
    await told.post(ann, "/api/customer/say", {"key": "http", "text": "不用套接字说的"})
    await told.answered(ann, 2)
    (reply, *_) = [e for e in await gateway.desk.log(told_id(ann)) if e.author.value == "bot" and e.text]
    await told.send(ann, "feedback", seq=reply.seq, useful=False)
    await told.send(ann, "say", text="国外能寄吗")
    await told.answered(ann, 3)
    miss = [e for e in await gateway.desk.log(told_id(ann)) if e.data.get("kind") == "miss"][-1]
    await told.send(ann, "wish", seq=miss.seq)
    await told.send(ann, "rate", score=4, comment="还行")
    await told.send(ann, "typing", on=True)
    case = await told.asked_for_a_person(ann)
    await told.send(ann, "correct", text="其实是退款")
    await told.send(ann, "cancel_wait")
    await told.asked_for_a_person(ann)
    await told.send(ann, "leave_message", text="请回电", contact="13800000000")
    left = await told.case_of(ann)

    wang = await gateway.agent("wang", ready=False)
    li = await gateway.agent("li", ready=False, roles=(Role.AGENT, Role.SUPERVISOR))
    await told.send(wang, "answer_message", case_id=left.case_id, text="已处理")

    bob = await gateway.customer()
    await told.send(wang, "status", status="ready")
    case = await told.asked_for_a_person(bob)
    await told.send(wang, "accept", case_id=case.case_id)
    epoch = (await gateway.desk.conversation(told_id(bob))).epoch
    await told.send(wang, "watch", conversation_id=told_id(bob))
    await told.send(wang, "say", conversation_id=told_id(bob), text="您好", epoch=epoch)
    await told.send(wang, "note", conversation_id=told_id(bob), text="很急")
    await told.send(wang, "viewing", conversation_id=told_id(bob))
    await told.send(li, "floor", on=True)
    await told.send(li, "whisper", conversation_id=told_id(bob), text="先道歉")
    await told.send(wang, "typing", conversation_id=told_id(bob), on=True)
    await told.send(bob, "say", text="谢谢")
    await told.send(li, "status", status="ready")
    await told.send(wang, "transfer", case_id=case.case_id, note="请看", to_agent="li")
    await told.send(li, "accept", case_id=case.case_id)
    await told.send(li, "wrap_up", case_id=case.case_id)
    await told.send(bob, "say", text="还有一句")
    await told.send(li, "resolve", case_id=case.case_id, outcome={"reason": "done"})
    await told.send(wang, "unwatch", conversation_id=told_id(bob))

    cid = await gateway.customer()
    await told.send(li, "status", status="break")
    case = await told.asked_for_a_person(cid)
    await told.send(wang, "decline", case_id=case.case_id, reason="忙")
    await told.send(li, "take_over", case_id=case.case_id)
    await told.send(li, "resolve", case_id=case.case_id, outcome={"reason": "done"})
    logs = [await gateway.desk.log(told_id(page)) for page in (ann, bob, cid)]
    return told, [[_told(entry) for entry in log] for log in logs]


def told_id(page: Page) -> str:
    return page.snapshot["conversation"]["conversation_id"]


def _told(entry: Any) -> tuple[Any, ...]:
    """An entry without what differs from one run to the next: times, ids, and how long somebody was idle."""
    kept = ("verb", "state", "notice", "what", "useful", "score", "about", "wanted")
    data = {name: entry.data.get(name) for name in kept}
    return entry.seq, entry.kind.value, entry.author.value, entry.text, entry.key, tuple(data.items())


async def test_every_request_sent_twice_does_what_it_does_sent_once(
    tmp_path: Path, redis_url: str, tenant: str
) -> None:
    told = []
    for times in (1, 2):
        folder = tmp_path / str(times)
        folder.mkdir()
        async with running_gateway(folder, redis_url=redis_url, tenant=f"{tenant}{times}") as gateway:
            told.append(await story(gateway, times))
    (_, once), (sent, twice) = told
    assert twice == once
    assert len(once[1]) > 10
    assert sent.customer_frames == set(frames.CUSTOMER) - {"ping"}, "a new frame is to be tried here too"
    assert sent.agent_frames == set(frames.AGENT) - {"ping"}, "a new frame is to be tried here too"
