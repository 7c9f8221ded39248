"""The archiver dies, or its database does, at any step: nothing is lost, nothing is doubled, the order is kept."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from redis.asyncio import Redis

from contracts.turn import BotMessage, TurnResult
from handoff.archive import Archive, Archiver, archive_url, database
from handoff.archive.tables import entries, entry_search
from handoff.desk import Desk
from handoff.model import AgentStatus
from handoff.records.change import DONE_TICKETS, OPEN_TICKETS
from handoff.records.model import Ticket
from handoff.redis.backend import RedisBackend
from handoff.redis.keys import Keys

pytestmark = pytest.mark.redis

CUSTOMERS = ("ann", "bob", "cid")
PAUSES_S = (0.01,)

# For each line read, a process that archives until the outbox is empty, unless it dies (kill -9) at the moment of that
# number: moments are the statements sent to the database, every commit, and both sides of each call of the outbox.
# They are forked off one that has loaded everything, which saves a second each.
ARCHIVER = """
import asyncio, itertools, os, signal, sys
import alembic.command
import sqlalchemy as sa
from handoff.archive import Archive, Archiver
from handoff.redis.backend import RedisBackend

url, tenant, database = sys.argv[1:]
moments, die_at = itertools.count(1), 0

def moment(*_):
    if next(moments) == die_at:
        os.kill(os.getpid(), signal.SIGKILL)

class Outbox:
    def __init__(self, outbox):
        self.outbox = outbox
    async def take(self, limit, *, wait_ms):
        moment()
        taken = await self.outbox.take(limit, wait_ms=0)
        moment()
        return taken
    async def settle(self, parcels):
        moment()
        await self.outbox.settle(parcels)
        moment()

async def main():
    backend, archive = RedisBackend(url, tenant), Archive(database)
    archive.prepare()
    sa.event.listen(archive.database.engine, "before_cursor_execute", moment)
    sa.event.listen(archive.database.engine, "commit", moment)
    archiver = Archiver(Outbox(backend.outbox), archive, batch=7)
    while await archiver.step():
        pass

for line in sys.stdin:
    child = os.fork()
    if not child:
        die_at = int(line)
        asyncio.run(main())
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Shop:
    """A desk with a story to tell, and the archive of it."""

    def __init__(self, url: str, tenant: str, folder: Path) -> None:
        self.url, self.tenant, self.archive_url = url, tenant, archive_url(folder)
        self.backend = RedisBackend(url, tenant)
        self.desk = Desk(self.backend)
        self.archive = Archive(self.archive_url)
        self._chance = random.Random(11)
        self._keys = 0

    def key(self) -> str:
        self._keys += 1
        return f"k{self._keys}"

    def archiver(self, **options) -> Archiver:
        return Archiver(self.backend.outbox, self.archive, pauses_s=PAUSES_S, batch=7, **options)

    async def open(self) -> None:
        await self.desk.agent_online("wang", display="小王", cap=9, status=AgentStatus.READY)
        for who in CUSTOMERS:
            await self.desk.open(who, profile={"name": who})

    async def some_minutes(self) -> None:
        """Everybody asks; one is answered by the bot, one calls a person who comes, talks and closes."""
        for who in self._chance.sample(CUSTOMERS, 3):
            await self.desk.say(who, key=self.key(), text=f"退款{self._keys}什么时候到账")
        turn = await self.desk.claim_turn("w", wait_ms=0)
        if turn is not None:
            await self.desk.finish_turn(turn, TurnResult((BotMessage("三个工作日"),)))
        who = self._chance.choice(CUSTOMERS)
        case = await self.desk.request_human(who, key=self.key())
        view = await self.desk.accept("wang", case.case_id)
        await self.desk.agent_say("wang", who, key=self.key(), text="您好", epoch=view.epoch)
        await self.desk.resolve("wang", case.case_id, outcome={"reason": "done"})

    async def drained(self) -> None:
        """Wait until the outbox is empty."""
        async with asyncio.timeout(30):
            while await self.backend.outbox.backlog():
                await asyncio.sleep(0.01)

    async def check(self) -> None:
        """The archive is what Redis holds: all of it, once, in order."""
        assert await self.backend.outbox.backlog() == 0
        total = 0
        for who in CUSTOMERS:
            log = await self.desk.log(who, limit=1000)
            assert self.archive.conversation(who) == log
            total += len(log)
        archived = {case.case_id: case for case in self.archive.cases()}
        assert archived == {one: await self.desk.case(one) for one in archived}
        assert {case.case_id for who in CUSTOMERS for case in await self.desk.cases_of(who)} <= archived.keys()
        tickets = {one.ticket_id: one for one in self.archive.records(Ticket)}
        assert tickets == {one: await self.desk.records.record(Ticket, one) for one in tickets}
        for index in (OPEN_TICKETS, DONE_TICKETS):
            assert {
                one.ticket_id for one in await self.desk.records.listed(Ticket, index, limit=1000)
            } <= tickets.keys()
        for one in tickets:
            assert self.archive.remarks(Ticket, one) == await self.desk.records.remarks(Ticket, one, limit=1000)
        with self.archive.database.reading() as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(entries)) == total
            indexed = connection.scalar(sa.select(sa.func.count()).select_from(entry_search))
            found = connection.execute(sa.select(entries.c.kind, entries.c.text)).all()
        assert indexed == sum(row.kind in ("message", "note") and bool(row.text) for row in found)


class Doomed:
    """Archivers that are killed."""

    def __init__(self, shop: Shop, root: Path) -> None:
        command = [sys.executable, "-c", ARCHIVER, shop.url, shop.tenant, shop.archive_url]
        self.process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    async def survives(self, moment: int) -> bool:
        """Run one that dies at `moment`; returns whether it came to its end before that."""
        status = await asyncio.to_thread(self._run, moment)
        assert status in (0, -signal.SIGKILL)
        return status == 0

    def _run(self, moment: int) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(moment, file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())


@pytest.fixture
def doomed(shop: Shop, root: Path):
    made = Doomed(shop, root)
    yield made
    made.process.kill()
    made.process.communicate()


@pytest.fixture
async def shop(redis_url: str, tenant: str, tmp_path: Path):
    made = Shop(redis_url, tenant, tmp_path)
    await made.open()
    yield made
    await made.backend.close()
    made.archive.close()


class Trouble(logging.Handler):
    """Lets a test wait until the archiver has complained."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self._heard = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        self._loop.call_soon_threadsafe(self._heard.set)

    async def heard(self, times: int = 2) -> str:
        """The last of so many complaints."""
        async with asyncio.timeout(30):
            while len(self.lines) < times:
                self._heard.clear()
                await self._heard.wait()
        return self.lines[-1]


@pytest.fixture
async def trouble():
    handler = Trouble()
    logging.getLogger("jiehua.archiver").addHandler(handler)
    yield handler
    logging.getLogger("jiehua.archiver").removeHandler(handler)


async def test_killed_at_every_moment_of_a_batch(shop, doomed):
    """One moment later each time, until a run gets past all of them; each heir finds what the dead one left."""
    deaths = 0
    for die_at in range(1, 100):
        await shop.desk.say("ann", key=shop.key(), text=f"第{die_at}句")
        await shop.desk.correct_problem("ann", key=shop.key(), text="其实是发票")
        case = await shop.desk.request_human("ann", key=shop.key())
        await shop.desk.leave_message("ann", key=case.case_id, text="请回电")
        if await doomed.survives(die_at):
            break
        deaths += 1
        archived = shop.archive.conversation("ann")
        assert [entry.seq for entry in archived] == list(range(1, len(archived) + 1)), "no gap at any time"
    else:
        pytest.fail("never got through")
    assert deaths > 20
    await shop.check()


@pytest.mark.parametrize("seed", range(4))
async def test_killed_again_and_again_at_random_while_the_shop_goes_on(shop, doomed, seed):
    chance = random.Random(seed)
    for _ in range(6):
        await shop.some_minutes()
        await doomed.survives(chance.randint(1, 60))
    while not await doomed.survives(chance.randint(20, 200)):
        pass
    await shop.check()


async def test_cancelled_after_any_number_of_steps_of_its_loop(shop):
    shop.archive.prepare()
    for steps in range(40):
        if steps % 4 == 0:
            await shop.some_minutes()
        running = asyncio.create_task(shop.archiver().run())
        for _ in range(steps):
            await asyncio.sleep(0)
        running.cancel()
        done, _ = await asyncio.wait({running}, timeout=30)
        assert done, "it outlived its cancellation"
    heir = shop.archiver()
    working = asyncio.create_task(heir.run())
    await shop.drained()
    heir.stop()
    await working
    await shop.check()


async def test_a_cancellation_that_is_swallowed_on_the_way_is_obeyed_all_the_same(shop):
    class Deaf:
        waiting = asyncio.Event()

        async def take(self, limit, *, wait_ms):
            try:
                self.waiting.set()
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                return []

    running = asyncio.create_task(Archiver(Deaf(), shop.archive).run())
    await Deaf.waiting.wait()
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=30)
    assert done
    assert running.cancelled()


async def test_two_archivers_at_once_do_no_harm(shop, redis_url, tenant):
    for _ in range(5):
        await shop.some_minutes()
    other = Archiver(RedisBackend(redis_url, tenant).outbox, Archive(shop.archive_url), pauses_s=PAUSES_S, batch=5)
    both = [shop.archiver(), other]
    working = [asyncio.create_task(one.run()) for one in both]
    await shop.some_minutes()
    await shop.drained()
    for one in both:
        one.stop()
    await asyncio.gather(*working)
    await shop.check()


async def outlives(shop: Shop, trouble: Trouble, says: str, mend: Callable[[], None]) -> None:
    """The archiver complains while its database refuses, and goes on when it is mended."""
    archiver = shop.archiver()
    working = asyncio.create_task(archiver.run())
    assert says in await trouble.heard()
    before = await shop.backend.outbox.backlog()
    await shop.some_minutes()
    assert await shop.backend.outbox.backlog() > before > 0
    mend()
    await shop.drained()
    archiver.stop()
    await working
    await shop.check()


async def test_a_locked_database_is_waited_for(shop, trouble, monkeypatch):
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.02)
    shop.archive = Archive(shop.archive_url)
    shop.archive.prepare()
    holder = sqlite3.connect(shop.archive_url.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    await outlives(shop, trouble, "locked", lambda: holder.execute("ROLLBACK"))
    holder.close()


class Pragma:
    """Sets a pragma on every use of a connection, until it is lifted."""

    def __init__(self, shop: Shop, bad: str, good: str) -> None:
        self._now, self._good = bad, good
        sa.event.listen(shop.archive.database.engine, "checkout", self._set)

    def lift(self) -> None:
        self._now = self._good

    def _set(self, connection, _record, _proxy) -> None:
        connection.execute(f"PRAGMA {self._now}")


async def test_a_full_disk_is_waited_for(shop, trouble):
    shop.archive.prepare()
    with shop.archive.database.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    quota = Pragma(shop, f"max_page_count = {pages}", "max_page_count = 1000000")
    for _ in range(20):  # more than the pages at hand take
        await shop.some_minutes()
    await outlives(shop, trouble, "full", quota.lift)


async def test_a_disk_that_went_read_only_is_waited_for(shop, trouble):
    shop.archive.prepare()
    await shop.some_minutes()
    await outlives(shop, trouble, "readonly", Pragma(shop, "query_only = 1", "query_only = 0").lift)


async def test_a_database_that_is_not_there_at_the_start_is_waited_for(shop, trouble, tmp_path):
    obstacle = tmp_path / "folder"
    obstacle.touch()
    shop.archive = Archive(archive_url(obstacle))
    await shop.some_minutes()
    await outlives(shop, trouble, "nothing is lost", obstacle.unlink)


async def test_redis_killed_and_started_again(own_redis, tenant, tmp_path, trouble):
    shop = Shop(own_redis.url, tenant, tmp_path)
    await shop.open()
    archiver = shop.archiver()
    working = asyncio.create_task(archiver.run())
    await shop.some_minutes()
    own_redis.send(signal.SIGKILL)
    assert "Redis" in await trouble.heard(1)
    own_redis.start()
    await shop.some_minutes()
    await shop.drained()
    archiver.stop()
    await working
    await shop.check()
    await shop.backend.close()


async def test_a_log_that_was_trimmed_first_is_archived_whole(shop, redis_url, tenant):
    for _ in range(3):
        await shop.some_minutes()
    whole = {who: await shop.desk.log(who, limit=1000) for who in CUSTOMERS}
    client = Redis.from_url(redis_url)
    for who in CUSTOMERS:
        await client.xtrim(Keys(tenant).log(who), maxlen=0, approximate=False)
    await client.aclose()
    shop.archive.prepare()
    while await shop.archiver().step():
        pass
    assert {who: shop.archive.conversation(who) for who in CUSTOMERS} == whole


async def test_a_parcel_of_a_newer_version_waits_with_all_that_follow_it(shop, redis_url, tenant, trouble):
    client = Redis.from_url(redis_url)
    strange = await client.xadd(Keys(tenant).outbox, {"kind": "hologram", "conversation": "ann", "data": "{}"})
    await shop.some_minutes()
    archiver = shop.archiver()
    working = asyncio.create_task(archiver.run())
    assert "somebody has to look" in await trouble.heard()
    await client.xdel(Keys(tenant).outbox, strange)
    await shop.drained()
    archiver.stop()
    await working
    await client.aclose()
    await shop.check()
