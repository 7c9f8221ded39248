"""Documents of settings, over every backend: versions, conflicts, history, and how every process learns of a change."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import pytest

from handoff.config.config import KINDS, Config, document_of
from handoff.config.live import LiveSettings
from handoff.config.reading import BadDocument
from handoff.config.store import SettingsStore
from handoff.desk import Desk
from handoff.errors import NotFound, Stale
from handoff.records.change import changed
from handoff.records.model import Setting

TWO_GROUPS = {"groups": [{"name": "default"}, {"name": "退款", "title": "退款售后", "cap": 3}]}
NINE_TO_SIX = {"week": {"mon-fri": "9:00-18:00"}}


@pytest.fixture
def store(backend, clock) -> SettingsStore:
    return SettingsStore(backend.records, clock)


async def test_before_any_change_everything_is_as_it_ships(store):
    for kind in KINDS:
        kept = await store.get(kind)
        assert (kept.version, kept.changed_by, kept.document) == (0, "", document_of(Config(), kind))
        assert await store.history(kind) == []
    assert await store.config() == Config()


async def test_a_change_is_kept_in_full_with_its_version_and_who_made_it(store, clock):
    kept = await store.put("groups", TWO_GROUPS, by="boss", version=0)
    assert (kept.version, kept.changed_by, kept.changed_ms) == (1, "boss", clock.now_ms)
    assert kept.document["groups"][1] == {"name": "退款", "title": "退款售后", "cap": 3, "widen_s": 0, "overflow": []}
    assert await store.get("groups") == kept
    assert (await store.config()).groups.of("退款").cap == 3


async def test_of_two_who_change_the_same_version_the_second_is_told(store):
    await store.put("calendar", NINE_TO_SIX, by="boss", version=0)
    with pytest.raises(Stale):
        await store.put("calendar", {"always": True}, by="deputy", version=0)
    assert (await store.get("calendar")).changed_by == "boss"
    again = await store.put("calendar", NINE_TO_SIX, by="boss", version=0)
    assert again.version == 1, "the same request sent twice is one change"


async def test_many_at_once_leave_one_change(store):
    async def change(number: int) -> bool:
        with contextlib.suppress(Stale):
            await store.put("targets", {"standard": {"first_s": number, "next_s": 9}}, by=f"a{number}", version=0)
            return True
        return False

    won = [number for number, done in zip(range(1, 9), await asyncio.gather(*map(change, range(1, 9)))) if done]
    kept = await store.get("targets")
    assert (won, kept.version) == ([kept.document["standard"]["first_s"]], 1)
    assert len(await store.history("targets")) == 1


async def test_a_refused_document_changes_nothing(store):
    with pytest.raises(BadDocument):
        await store.put("calendar", {"week": {"mon": "late"}}, by="boss", version=0)
    with pytest.raises(NotFound):
        await store.put("colours", {}, by="boss", version=0)
    assert (await store.get("calendar")).version == 0
    assert await store.history("calendar") == []


async def test_the_history_tells_who_made_what_of_what(store, clock):
    first = await store.put("calendar", NINE_TO_SIX, by="boss", version=0)
    clock.forward(1000)
    second = await store.put("calendar", {"always": True}, by="deputy", version=1)
    latest, earlier = await store.history("calendar")
    assert (latest.version, latest.who, latest.before, latest.after) == (2, "deputy", first.document, second.document)
    assert (earlier.version, earlier.who, earlier.at_ms) == (1, "boss", clock.now_ms - 1000)
    assert earlier.before == document_of(Config(), "calendar")
    assert [one.version for one in await store.history("calendar", limit=1)] == [2]


async def test_a_group_that_is_given_to_somebody_meanwhile_is_not_taken_away(backend, clock, monkeypatch):
    """Two documents that must fit each other are changed at once: the later one is sent back, and then refused."""
    store, other = SettingsStore(backend.records, clock), SettingsStore(backend.records, clock)
    await store.put("groups", TWO_GROUPS, by="boss", version=0)
    read = store._read

    async def slow_read(*arguments):
        found = await read(*arguments)
        await other.put("skills", {"agents": {"wang": {"groups": {"退款": 1}, "cap": 1}}}, by="deputy", version=0)
        return found

    monkeypatch.setattr(store, "_read", slow_read)
    with pytest.raises(Stale):
        await store.put("groups", {"groups": [{"name": "default"}]}, by="boss", version=1)
    monkeypatch.undo()
    with pytest.raises(BadDocument):
        await store.put("groups", {"groups": [{"name": "default"}]}, by="boss", version=1)


async def test_every_desk_that_hears_of_a_change_works_by_it(backend, policy, clock):
    desks = [Desk(backend, policy, clock=clock) for _ in range(3)]
    lives = [LiveSettings(desk) for desk in desks]
    standing, changes = asyncio.Event(), asyncio.Event()

    async def follow() -> None:
        async for event in backend.events():
            standing.set()
            for live in lives:
                live.hear(event)

    following = asyncio.create_task(follow())
    for live in lives:
        await live.start()
        live.listen(lambda: changes.set() if all(desk.config.groups.of("退款").cap for desk in desks) else None)
    while not standing.is_set():  # the subscription stands when something comes back over it
        await desks[0].publish_typing("c", author="bot", on=False)
        await asyncio.sleep(0.01)
    await lives[0].store.put("groups", TWO_GROUPS, by="boss", version=0)
    await asyncio.wait_for(changes.wait(), 20)
    assert {desk.policy.config.groups.of("退款").title for desk in desks} == {"退款售后"}
    for live in lives:
        await live.close()
    following.cancel()


async def test_a_document_of_a_newer_version_leaves_what_was_in_force(backend, store, policy):
    await store.put("groups", TWO_GROUPS, by="boss", version=0)
    known = await store.config()
    now = await backend.records.record(Setting, "groups")
    assert now is not None
    await backend.records.save(changed(now, replace(now, document={"groups": [{"from": "the future"}]})))
    assert await store.config(known) == known


async def test_a_change_goes_to_the_archive_with_its_history(backend, store):
    await store.put("calendar", NINE_TO_SIX, by="boss", version=0)
    parcels = await backend.outbox.take(10, wait_ms=0)
    document, remark = (one.content for one in parcels)
    assert (document.kind, document.rev, document.changed_by) == ("setting", 1, "boss")
    assert (remark.what, remark.author, remark.seq, remark.data["version"]) == ("set", "boss", 1, 1)
