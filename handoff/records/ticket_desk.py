"""What is owed to customers: tickets are opened, dated, answered, finished, reopened and listed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

from handoff.desk import Desk
from handoff.errors import Invalid, NotFound, Stale
from handoff.inputs import clean, message_text, name
from handoff.model import CaseState
from handoff.records.change import DONE_TICKETS, OPEN_TICKETS, Change, Line, changed, owned_list, tickets_of
from handoff.records.changing import RACES, change, unchanged_since
from handoff.records.customers import Customers, owner_remark
from handoff.records.model import Owner, Remark, Ticket, TicketKind, TicketState
from handoff.records.ports import RecordStore
from handoff.records.tickets import TicketVerb, answered, move_remark, moved, opened, short, ticket_id

LISTED = 500
SHOWN_REMARKS = 500
MAX_CONTACT = 200


class TicketDesk:
    """The tickets of one desk."""

    def __init__(self, desk: Desk, customers: Customers) -> None:
        self._desk = desk
        self._customers = customers

    @property
    def _records(self) -> RecordStore:
        return self._desk.records

    # --- looking

    async def ticket(self, one: str) -> Ticket:
        """Raises NotFound."""
        found = await self._records.record(Ticket, one)
        if found is None:
            raise NotFound("no such ticket")
        return found

    async def remarks(self, one: str) -> list[Remark]:
        """The history of a ticket, oldest first."""
        return await self._records.remarks(Ticket, one, limit=SHOWN_REMARKS)

    async def owned(self, owner: Owner, *, limit: int = LISTED) -> list[Ticket]:
        """Open tickets of an agent or group, the earliest due first."""
        return await self._records.listed(Ticket, owned_list("tickets", owner), limit=limit)

    async def open(self, *, limit: int = LISTED) -> list[Ticket]:
        """All open tickets, the earliest due first."""
        return await self._records.listed(Ticket, OPEN_TICKETS, limit=limit)

    async def overdue(self, *, limit: int = LISTED) -> list[Ticket]:
        """Open tickets whose date has come, the earliest first."""
        return await self._records.listed(Ticket, OPEN_TICKETS, until=self._desk.clock_ms(), limit=limit)

    async def done(self, *, limit: int = LISTED) -> list[Ticket]:
        """Finished tickets, the latest first."""
        return await self._records.listed(Ticket, DONE_TICKETS, limit=limit, latest=True)

    async def of_customer(self, conversation_id: str, *, limit: int = LISTED) -> list[Ticket]:
        """All tickets of a conversation, the latest first."""
        return await self._records.listed(Ticket, tickets_of(conversation_id), limit=limit, latest=True)

    # --- changing

    async def open_one(
        self,
        by: str,
        *,
        key: str,
        title: str,
        text: str = "",
        contact: str = "",
        conversation_id: str = "",
        next_ms: int | None = None,
        owner: Owner | None = None,
    ) -> Ticket:
        """A ticket that an agent thought of; once a key. Without an owner it is theirs."""
        name("key", key)
        line = short(clean(title))
        if not line:
            raise Invalid("title: say what is to be done")
        if conversation_id:
            await self._desk.conversation(conversation_id)
        now = self._desk.clock_ms()
        one = ticket_id(f"manual {by} {key}")
        made = Ticket(
            one,
            TicketKind.MANUAL,
            TicketState.OPEN,
            line,
            text=message_text(text) if text else "",
            contact=clean(contact, MAX_CONTACT),
            conversation_id=conversation_id,
            owner=owner or Owner(agent=by),
            next_ms=self._desk.policy.ticket_due(TicketKind.MANUAL, now, next_ms),
            created_ms=now,
            created_by=by,
            changed_ms=now,
        )
        await self._records.save(opened(made))
        return await self.ticket(one)

    async def edit(
        self,
        one: str,
        by: str,
        *,
        title: str | None = None,
        contact: str | None = None,
        next_ms: int | None = None,
        owner: Owner | None = None,
        seen: int | None = None,
    ) -> Ticket:
        """Change what is given; `seen` is the revision the caller saw, and Stale is raised when it is another."""
        line = short(clean(title)) if title is not None else None
        if line == "":
            raise Invalid("title: say what is to be done")
        now = self._desk.clock_ms()

        def decide(before: Ticket) -> Change | None:
            unchanged_since(seen, before.rev)
            due = self._desk.policy.ticket_due(before.source, now, next_ms) if next_ms else before.next_ms
            after = replace(
                before,
                title=line or before.title,
                contact=clean(contact, MAX_CONTACT) if contact is not None else before.contact,
                next_ms=due,
                owner=owner if owner is not None else before.owner,
            )
            remarks = []
            if (after.title, after.contact) != (before.title, before.contact):
                remarks.append(Remark(Ticket.kind, one, now, "edited", by))
            if after.next_ms != before.next_ms:
                data = {"from_ms": before.next_ms, "to_ms": after.next_ms}
                remarks.append(Remark(Ticket.kind, one, now, "date", by, data=data))
            if after.owner != before.owner:
                remarks.append(owner_remark(Ticket.kind, one, before.owner, after.owner, by, now))
            return changed(before, replace(after, changed_ms=now), *remarks) if remarks else None

        return await change(self._records, lambda: self.ticket(one), decide)

    async def note(self, one: str, by: str, *, key: str, text: str) -> Remark:
        """A note that agents alone see; once a key."""
        remark = Remark(Ticket.kind, one, self._desk.clock_ms(), "note", by, message_text(text), name("key", key))
        await self._remark(remark, lambda before: changed(before, replace(before, changed_ms=remark.at_ms), remark))
        return next(found for found in reversed(await self.remarks(one)) if _same(found, remark))

    async def answer(self, one: str, by: str, *, key: str, text: str, then: TicketVerb | None = None) -> Ticket:
        """An answer that the customer sees behind their link and in their thread; once a key. `then` moves the ticket.

        It answers the message that the customer left, if nobody has yet.
        """
        said = message_text(text)
        ticket = await self.ticket(one)
        if await self._is_unanswered(ticket):
            await self._desk.answer_message(by, ticket.case_id, key=key, text=said, then=then)
            return await self.ticket(one)
        remark = Remark(Ticket.kind, one, self._desk.clock_ms(), "answer", by, said, name("key", key))
        told = self._desk.policy.texts.ticket_answered.replace("{ticket}", one).replace("{answer}", said)
        line = Line(await self._customers.told_in(ticket.conversation_id), told, "ticket")

        def decide(before: Ticket) -> Change:
            made = answered(before, by, said, key=key, now_ms=remark.at_ms, verb=then)
            return replace(made, lines=(line,))

        await self._remark(remark, decide)
        return await self.ticket(one)

    async def move(self, one: str, by: str, verb: TicketVerb, *, text: str = "") -> Ticket:
        """Take one row of the table, with a note. Finishing answers the message left, if nobody has. Raises Refused."""
        ticket = await self.ticket(one)
        if verb is TicketVerb.FINISH and ticket.state.is_open and await self._is_unanswered(ticket):
            told = self._desk.policy.texts.message_done
            ticket = await self.answer(one, by, key=f"done-{one}-{ticket.reopened}", text=told, then=verb)
            if text:
                await self.note(one, by, key=f"done-note-{one}-{ticket.reopened}", text=text)
            return await self.ticket(one)
        now = self._desk.clock_ms()
        note = message_text(text) if text else ""

        def decide(before: Ticket) -> Change:
            again = verb is TicketVerb.REOPEN
            due = self._desk.policy.ticket_due(before.source, now) if again else 0
            after = moved(before, verb, now_ms=now, next_ms=due)
            remarks = [move_remark(before, after, verb, by)]
            if note:
                remarks.append(Remark(Ticket.kind, one, now, "note", by, note))
            return changed(before, after, *remarks)

        return await change(self._records, lambda: self.ticket(one), decide)

    async def reply(self, one: str, *, key: str, text: str) -> Ticket:
        """The customer adds something: a pending ticket is resumed and a finished one reopened; once a key."""
        remark = Remark(Ticket.kind, one, self._desk.clock_ms(), "customer", "", message_text(text), name("key", key))
        verbs = {TicketState.PENDING: TicketVerb.RESUME, TicketState.DONE: TicketVerb.REOPEN}

        def decide(before: Ticket) -> Change:
            verb = verbs.get(before.state)
            if verb is None:
                return changed(before, replace(before, changed_ms=remark.at_ms), remark)
            due = self._desk.policy.ticket_due(before.source, remark.at_ms)
            after = moved(before, verb, now_ms=remark.at_ms, next_ms=due)
            return changed(before, after, remark, move_remark(before, after, verb, ""))

        await self._remark(remark, decide)
        return await self.ticket(one)

    # --- inside

    async def _is_unanswered(self, ticket: Ticket) -> bool:
        """Whether the ticket is a message that a customer left and nobody has answered."""
        if ticket.source is not TicketKind.MESSAGE:
            return False
        return (await self._desk.case(ticket.case_id)).state is CaseState.MESSAGE_LEFT

    async def _remark(self, remark: Remark, decide: Callable[[Ticket], Change]) -> None:
        """Save what `decide` makes of the ticket, unless a remark with its key by the same author is there."""
        for _ in range(RACES):
            before = await self.ticket(remark.record_id)
            if any(_same(one, remark) for one in await self.remarks(remark.record_id)):
                return
            with contextlib.suppress(Stale):  # found at the next turn, or tried again
                await self._records.save(decide(before))
                return
        raise Stale("the ticket changes all the time")


def _same(one: Remark, other: Remark) -> bool:
    return (one.key, one.author, one.what) == (other.key, other.author, other.what)
