"""The store of logins and cursors: one suite over memory and Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.errors import Unavailable
from gateway.store import MemoryStore, RedisStore, Store


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
async def store(request: pytest.FixtureRequest, tenant: str) -> AsyncIterator[Store]:
    made: Store = (
        MemoryStore() if request.param == "memory" else RedisStore(request.getfixturevalue("redis_url"), tenant=tenant)
    )
    yield made
    await made.close()


async def test_a_value_is_kept_until_it_is_dropped(store: Store) -> None:
    assert await store.get("a") is None
    await store.put("a", "值", ttl_s=60)
    assert await store.get("a") == "值"
    await store.drop("a")
    await store.drop("a")
    assert await store.get("a") is None


async def test_a_counter_counts_every_call(store: Store) -> None:
    await asyncio.gather(*(store.count("n", ttl_s=60) for _ in range(20)))
    assert await store.count("n", ttl_s=60) == 21
    assert await store.get("n") == "21"


async def test_a_number_only_rises_and_tells_what_it_was(store: Store) -> None:
    assert [await store.rise("c", value, ttl_s=60) for value in (5, 3, 9)] == [0, 5, 5]
    assert await store.get("c") == "9"


async def test_of_two_risers_to_the_same_number_one_was_first(store: Store) -> None:
    before = await asyncio.gather(store.rise("c", 7, ttl_s=60), store.rise("c", 7, ttl_s=60))
    assert sorted(before) == [0, 7]


async def test_a_list_keeps_its_newest_values_in_order(store: Store) -> None:
    assert await store.pushed("l") == []
    for value in "abcd":
        await store.push("l", value, ttl_s=60, most=3)
    assert await store.pushed("l") == ["b", "c", "d"]


async def test_it_answers_a_ping(store: Store) -> None:
    await store.ping()


async def test_values_in_memory_expire_on_their_clock() -> None:
    now = 0.0
    store = MemoryStore(clock=lambda: now)
    await store.put("a", "1", ttl_s=10)
    now = 9.9
    assert await store.get("a") == "1"
    now = 10.0
    assert await store.get("a") is None


async def test_memory_stays_bounded() -> None:
    store = MemoryStore(limit=3)
    for number in range(5):
        await store.put(str(number), "x", ttl_s=60)
    assert [await store.get(str(number)) for number in range(5)] == [None, None, "x", "x", "x"]


async def test_a_redis_that_is_away_is_unavailable_in_every_verb() -> None:
    store = RedisStore("unix:///nowhere/redis.sock")
    for call in (
        store.get("a"),
        store.put("a", "1", ttl_s=1),
        store.drop("a"),
        store.count("a", ttl_s=1),
        store.rise("a", 1, ttl_s=1),
        store.push("a", "1", ttl_s=1, most=1),
        store.pushed("a"),
        store.ping(),
    ):
        with pytest.raises(Unavailable):
            await call
    await store.close()


async def test_what_is_taken_is_gone_and_of_many_takers_one_gets_it(store: Store) -> None:
    await store.put("a", "值", ttl_s=60)
    taken = await asyncio.gather(*(store.take("a") for _ in range(10)))
    assert sorted(taken, key=bool) == [None] * 9 + ["值"]
    assert await store.get("a") is None
