"""Who a customer is, over every backend: links that can be taken away, and one lifelong thread."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handoff.desk import Desk
from handoff.errors import Invalid, NotFound, Refused, Stale
from handoff.memory import MemoryBackend
from handoff.records.customers import Customers
from handoff.records.model import Customer, Owner


async def people(shop, *names: str) -> None:
    for name in names:
        await shop.customer(name)


async def test_a_conversation_has_a_blank_record_and_a_stranger_has_none(shop, customers):
    await people(shop, "ann")
    assert await customers.customer("ann") == Customer("ann")
    with pytest.raises(NotFound):
        await customers.customer("nobody")


async def test_name_tags_and_owner_are_kept_with_who_changed_them(shop, customers, clock):
    await people(shop, "ann")
    one = await customers.describe("ann", "wang", display=" 安女士 ", tags=["老客户", "老客户", " "])
    assert (one.display, one.tags, one.created_ms) == ("安女士", ("老客户",), clock())
    one = await customers.describe("ann", "boss", owner=Owner("wang"), seen=one.rev)
    assert await customers.customer("ann") == one
    assert await customers.owned(Owner("wang")) == [one]
    assert [(said.what, said.author) for said in await customers.remarks("ann")] == [
        ("edited", "wang"),
        ("owner", "boss"),
    ]
    assert await customers.describe("ann", "wang", display="安女士") == one, "nothing changed, nothing written"


async def test_of_two_who_saw_the_same_record_the_second_is_told_so(shop, customers):
    await people(shop, "ann")
    one = await customers.describe("ann", "wang", tags=["a"])
    await customers.describe("ann", "li", tags=["b"], seen=one.rev)
    with pytest.raises(Stale):
        await customers.describe("ann", "wang", tags=["c"], seen=one.rev)
    assert (await customers.customer("ann")).tags == ("b",)


async def test_notes_come_once_a_key_and_in_order_however_many_write_at_once(shop, customers):
    await people(shop, "ann")
    await asyncio.gather(*(customers.note("ann", "wang", key=f"k{n % 6}", text=f"第 {n % 6} 条") for n in range(12)))
    notes = await customers.remarks("ann")
    assert sorted(said.text for said in notes) == [f"第 {n} 条" for n in range(6)]
    assert [said.seq for said in notes] == [1, 2, 3, 4, 5, 6]


async def test_bad_tags_and_names_are_refused(shop, customers):
    await people(shop, "ann")
    for bad in ({"tags": ["长" * 41]}, {"tags": [str(n) for n in range(21)]}, {"display": "长" * 65}):
        with pytest.raises(Invalid):
            await customers.describe("ann", "wang", **bad)
    assert await customers.customer("ann") == Customer("ann")


async def test_a_verified_customer_is_one_record_on_every_device(shop, customers):
    found = await asyncio.gather(*(customers.verified("u-1", "张三", new_id=f"web:{n}") for n in range(6)))
    assert len({one.customer_id for one in found}) == 1
    assert {(one.external_id, one.display) for one in found} == {("u-1", "张三")}
    other = await customers.verified("u-2", "", new_id="web:x")
    assert other.customer_id == "web:x"
    assert (await customers.verified("u-2", "李四", new_id="web:y")).display == "李四"


async def test_a_name_that_an_agent_gave_stays_when_the_site_gives_another(shop, customers):
    one = await customers.verified("u-1", "zhang3", new_id="web:1")
    await customers.describe(one.customer_id, "wang", display="张总")
    assert (await customers.verified("u-1", "zhang3", new_id="web:2")).display == "张总"


async def test_a_linked_browser_reads_the_other_thread_until_the_link_is_taken_away(shop, customers):
    await people(shop, "phone", "desktop")
    await customers.merge("phone", "desktop", "")
    assert await customers.own_thread("phone") == await customers.own_thread("desktop") == "desktop"
    await customers.merge("phone", "desktop", "")
    assert [one.customer_id for one in await customers.merged("desktop")] == ["phone"]
    await customers.split("phone", "boss")
    assert await customers.own_thread("phone") == "phone"
    assert await customers.merged("desktop") == []
    assert [said.what for said in await customers.remarks("phone")] == ["merged", "split"]


async def test_an_anonymous_browser_never_reads_a_verified_thread(shop, customers):
    await people(shop, "phone", "desktop")
    verified = await customers.verified("u-1", "", new_id="web:v")
    await customers.merge("phone", "desktop", "")
    await customers.merge("desktop", verified.customer_id, "")
    assert await customers.own_thread("desktop") == "desktop"
    assert await customers.own_thread("phone") == "desktop"
    assert await customers.own_thread("web:v") == "web:v"
    assert await customers.told_in("phone") == "web:v", "but what concerns them is said where they are now"
    assert {one.customer_id for one in await customers.merged("web:v")} == {"phone", "desktop"}


async def test_a_split_gives_back_everything_as_it_was(shop, desk, customers, tickets):
    await people(shop, "ann", "bob")
    await shop.say("ann", "我的订单")
    before = await customers.describe("ann", "wang", display="安", tags=["vip"], owner=Owner("wang"))
    await customers.note("ann", "wang", key="n", text="怕吵")
    ticket = await tickets.open_one("wang", key="t", title="回电", conversation_id="ann")
    log, other = await desk.log("ann"), await customers.customer("bob")
    await customers.merge("ann", "bob", "boss")
    await shop.say("bob", "另一件事")
    after = await customers.split("ann", "boss")
    assert (after.display, after.tags, after.owner, after.merged_into) == (
        before.display,
        before.tags,
        before.owner,
        "",
    )
    assert await desk.log("ann") == log
    assert await tickets.of_customer("ann") == [ticket]
    assert await customers.customer("bob") == other
    assert [said.text for said in await customers.remarks("ann") if said.what == "note"] == ["怕吵"]


async def test_what_cannot_be_linked_is_refused_and_changes_nothing(shop, customers):
    await people(shop, "a", "b", "c")
    verified = await customers.verified("u-1", "", new_id="web:v")
    await customers.merge("a", "b", "")
    for source, into in (("a", "c"), ("b", "a"), ("b", "b"), (verified.customer_id, "c")):
        with pytest.raises(Refused):
            await customers.merge(source, into, "")
    with pytest.raises(NotFound):
        await customers.merge("c", "nobody", "")
    with pytest.raises(Refused):
        await customers.split("c", "boss")
    assert [await customers.own_thread(one) for one in "abc"] == ["b", "b", "c"]


async def test_two_who_link_each_other_at_once_make_no_ring(shop, customers):
    await people(shop, "a", "b", "c")
    ring = [("a", "b"), ("b", "c"), ("c", "a")]
    done = await asyncio.gather(*(customers.merge(*pair, "") for pair in ring), return_exceptions=True)
    assert any(isinstance(one, Refused) for one in done)
    assert len({await customers.own_thread(one) for one in "abc"}) == 1


NAMES = ["a", "b", "c", "v1", "v2"]
PAIRS = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(PAIRS, st.booleans()), max_size=14))
def test_however_records_are_linked_and_split_nobody_reads_who_they_are_not(steps):
    """A browser reads its own thread, or an anonymous one that a chain of standing links leads to."""

    async def story() -> None:
        desk = Desk(MemoryBackend())
        customers = Customers(desk)
        for one in NAMES:
            await desk.open(one)
        for one in ("v1", "v2"):
            await customers.verified(f"user-{one}", "", new_id=one)
        links: dict[str, str] = {}
        for (source, into), split in steps:
            try:
                if split:
                    await customers.split(source, "boss")
                    links.pop(source)
                else:
                    await customers.merge(source, into, "boss")
                    links[source] = into
            except Refused:
                continue
        for one in NAMES:
            allowed, at = {one}, one
            while at in links and not links[at].startswith("v"):
                at = links[at]
                allowed.add(at)
            assert await customers.own_thread(one) == at
            assert at == one or not at.startswith("v")

    asyncio.run(story())
