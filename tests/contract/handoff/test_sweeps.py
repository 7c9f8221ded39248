"""What the sweep is told to do, over every backend."""

from __future__ import annotations

GRACE_MS = 45_000
LIMIT = 10


async def test_offers_lapse_in_the_order_in_which_they_ran_out(shop, desk, backend, policy):
    for name in ("wang", "li", "zhao"):
        await shop.agent(name)
    first = await shop.waiting("ann")
    second = await shop.waiting("bob")
    shop.clock.forward(1_000)
    await desk.decline(first.offered_to, first.case_id)
    later = await desk.case(first.case_id)
    assert later.offer_deadline_ms > second.offer_deadline_ms

    shop.clock.forward(policy.offer_ms)
    due = await backend.due(grace_ms=10**9, outage_ms=policy.outage_ms, offer_ms=policy.offer_ms, limit=LIMIT)
    assert due.lapsed == ((second.case_id, second.offered_to), (first.case_id, later.offered_to))
    due = await backend.due(grace_ms=10**9, outage_ms=policy.outage_ms, offer_ms=policy.offer_ms, limit=1)
    assert due.lapsed == ((second.case_id, second.offered_to),)


async def test_agents_are_lost_in_the_order_in_which_they_were_last_heard_of(shop, desk, backend, policy):
    for name in ("wang", "li", "zhao"):
        await shop.agent(name)
    for name in ("zhao", "wang"):
        shop.clock.forward(10)
        await desk.heartbeat(name)
    shop.clock.forward(GRACE_MS)
    due = await backend.due(grace_ms=GRACE_MS, outage_ms=policy.outage_ms, offer_ms=policy.offer_ms, limit=LIMIT)
    assert due.lost == ("li", "zhao", "wang")
