"""Events find their inboxes, once each; what cannot keep up is let go; a broken subscription is mended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from contracts.conversation import DeskEvent
from gateway.relay import MOVED, RESYNC, Inbox, Relay
from handoff.errors import BackendUnavailable


class FeedDesk:
    """A desk of which the relay sees the events only; None breaks the subscription."""

    def __init__(self) -> None:
        self.feed: asyncio.Queue[DeskEvent | None] = asyncio.Queue()
        self.subscriptions = 0

    async def events(self) -> AsyncIterator[DeskEvent]:
        self.subscriptions += 1
        while (event := await self.feed.get()) is not None:
            yield event
        raise BackendUnavailable("gone")

    async def publish_typing(self, conversation_id: str, *, author: str, on: bool) -> None:
        self.feed.put_nowait(DeskEvent("typing", conversation_id, data={"author": author, "on": on}))


async def started() -> tuple[Relay, FeedDesk]:
    desk = FeedDesk()
    relay = Relay(desk)  # type: ignore[arg-type]
    await relay.start()
    return relay, desk


async def test_an_event_reaches_followers_of_its_conversation_and_its_agent_once() -> None:
    relay, desk = await started()
    follower, agent, both, stranger = (Inbox(9) for _ in range(4))
    with (
        relay.conversation("c", follower),
        relay.conversation("c", both),
        relay.conversation("d", stranger),
        relay.agent("a", agent),
        relay.agent("a", both),
    ):
        event = DeskEvent("queue", "c", "a")
        desk.feed.put_nowait(event)
        for inbox in (follower, agent, both):
            assert await inbox.get() == event
        assert [len(inbox) for inbox in (follower, agent, both, stranger)] == [0, 0, 0, 0]
    await relay.close()


async def test_after_leaving_nothing_arrives_and_nothing_is_kept() -> None:
    relay, desk = await started()
    inbox, witness = Inbox(9), Inbox(9)
    with relay.conversation("c", inbox):
        pass
    with relay.conversation("w", witness):
        desk.feed.put_nowait(DeskEvent("entry", "c"))
        desk.feed.put_nowait(DeskEvent("entry", "w"))
        await witness.get()
    assert len(inbox) == 0
    assert not relay._conversations
    await relay.close()


async def test_an_inbox_that_overflows_is_let_go_and_others_are_not_held_up() -> None:
    slow, quick = Inbox(3), Inbox(100)
    relay, desk = await started()
    with relay.conversation("c", slow), relay.conversation("c", quick):
        for number in range(10):
            desk.feed.put_nowait(DeskEvent("entry", "c", data={"seq": number}))
        for number in range(10):
            event = await quick.get()
            assert isinstance(event, DeskEvent)
            assert event.data["seq"] == number
    assert slow.overflowed.is_set()
    assert len(slow) == 0
    await relay.close()


async def test_after_a_broken_subscription_everybody_is_told_to_read_again() -> None:
    relay, desk = await started()
    inbox, agent = Inbox(9), Inbox(9)
    heard: list[DeskEvent] = []
    relay.listen(heard.append)
    with relay.conversation("c", inbox), relay.agent("a", agent):
        desk.feed.put_nowait(None)
        assert await asyncio.wait_for(inbox.get(), 10) == RESYNC
        assert await agent.get() == RESYNC
        desk.feed.put_nowait(DeskEvent("entry", "c"))
        assert await asyncio.wait_for(inbox.get(), 10) == DeskEvent("entry", "c")
    assert desk.subscriptions == 2
    assert RESYNC in heard
    await relay.close()


async def test_a_resync_of_the_desk_itself_is_passed_on() -> None:
    relay, desk = await started()
    inbox = Inbox(9)
    with relay.conversation("c", inbox):
        desk.feed.put_nowait(DeskEvent("resync"))
        assert await inbox.get() == RESYNC
    await relay.close()


async def test_who_waits_in_line_is_told_that_it_moved_once_however_much_has_moved() -> None:
    relay, desk = await started()
    waiting, witness = Inbox(3), Inbox(5000)
    relay.watch_queue(waiting, on=True)
    with relay.conversation("other", witness):
        for _ in range(1000):
            desk.feed.put_nowait(DeskEvent("queue", "other"))
        for _ in range(1000):
            await witness.get()
        assert await asyncio.wait_for(waiting.get(), 10) == MOVED
        assert not waiting.overflowed.is_set()
        assert len(waiting) == 0
        desk.feed.put_nowait(DeskEvent("queue", "other"))
        assert await asyncio.wait_for(waiting.get(), 10) == MOVED
    await relay.close()
