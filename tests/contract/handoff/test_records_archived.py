"""Customers, tickets and departures reach the archive as they are, with their whole histories."""

from __future__ import annotations

from handoff.archive import Archive, Archiver, archive_url
from handoff.records.departures import Departures
from handoff.records.model import Customer, Departure, Owner, Ticket
from handoff.records.tickets import TicketVerb


async def test_the_archive_has_every_record_and_every_remark(shop, desk, backend, customers, tickets, tmp_path):
    await shop.agent("wang")
    case, _ = await shop.active("ann", "wang")
    await desk.resolve("wang", case.case_id, outcome={"follow_up": {"title": "查“退款”\n是否到账 😀"}})
    await shop.customer("bob")
    await customers.describe("ann", "wang", display="安'); DROP TABLE records;--", tags=["老客户"], owner=Owner("wang"))
    await customers.note("ann", "wang", key="n", text="怕吵")
    await customers.merge("bob", "ann", "boss")
    await customers.verified("u-1", "张三", new_id="web:v")
    (one,) = await tickets.open()
    await tickets.move(one.ticket_id, "wang", TicketVerb.WAIT, text="等客户发单号")
    await tickets.reply(one.ticket_id, key="r", text="SG1")

    async def suspend(_: str) -> None:
        return None

    await Departures(desk, customers, suspend).depart("wang", "boss", heir=Owner(group="refund"))

    archive = Archive(archive_url(tmp_path))
    archive.prepare()
    archiver = Archiver(backend.outbox, archive, batch=3)
    while await backend.outbox.backlog():
        await archiver.step()
    for kind, names in ((Customer, ["ann", "bob", "web:v"]), (Ticket, [one.ticket_id]), (Departure, ["wang"])):
        assert archive.records(kind) == [await desk.records.record(kind, name) for name in names]
        for name in names:
            kept = await desk.records.remarks(kind, name, limit=100)
            assert archive.remarks(kind, name) == kept
            assert [said.seq for said in kept] == list(range(1, len(kept) + 1))
    archive.close()
