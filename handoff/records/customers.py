"""Who the customers are: what is known of them, who answers for them, and which records are one person."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace

from handoff.errors import Invalid, Refused, Stale
from handoff.inputs import clean, message_text, name
from handoff.records.change import Change, changed, external_name, merged_list, owned_list
from handoff.records.changing import RACES, change, unchanged_since
from handoff.records.model import Customer, Owner, Remark
from handoff.records.ports import RecordStore
from handoff.views import Views

MAX_TAGS = 20
MAX_TAG = 40
MAX_DISPLAY = 64
MAX_LINKS = 20
LISTED = 500
SHOWN_REMARKS = 200


class Customers:
    """The customers of one desk."""

    def __init__(self, desk: Views) -> None:
        self._desk = desk

    @property
    def _records(self) -> RecordStore:
        return self._desk.records

    # --- looking

    async def customer(self, customer_id: str) -> Customer:
        """The record of a conversation's customer, blank until something is known. Raises NotFound."""
        found = await self._records.record(Customer, customer_id)
        if found is None:
            await self._desk.conversation(customer_id)
            return Customer(customer_id)
        return found

    async def own_thread(self, conversation_id: str) -> str:
        """The thread that an anonymous browser reads: its own, or the one that a claim code linked it to.

        A link is followed between anonymous records alone: a verified customer's thread is for who proves to be them.
        """
        chain = await self._chain(conversation_id)
        anonymous = [conversation_id, *(one.customer_id for one in chain[1:] if not one.external_id)]
        return anonymous[-1]

    async def told_in(self, conversation_id: str) -> str:
        """The thread in which a person is told about what began in this conversation: that of the record it led to."""
        return (await self._chain(conversation_id))[-1].customer_id if conversation_id else ""

    async def merged(self, customer_id: str) -> list[Customer]:
        """The records that are linked to this one, directly or by another."""
        found: list[Customer] = []
        waiting, seen = [customer_id], {customer_id}
        while waiting:
            for one in await self._records.listed(Customer, merged_list(waiting.pop()), limit=MAX_LINKS):
                if one.customer_id not in seen:
                    seen.add(one.customer_id)
                    found.append(one)
                    waiting.append(one.customer_id)
        return found

    async def known_as(self, external_id: str) -> str:
        """The id of the customer whom the site calls so, or ""."""
        return await self._records.named(external_name(external_id))

    async def owned(self, owner: Owner) -> list[Customer]:
        """The customers that an agent or a group answers for."""
        return await self._records.listed(Customer, owned_list("customers", owner), limit=LISTED)

    async def remarks(self, customer_id: str) -> list[Remark]:
        """Notes and what else happened to a record, oldest first."""
        return await self._records.remarks(Customer, customer_id, limit=SHOWN_REMARKS)

    # --- changing

    async def describe(
        self,
        customer_id: str,
        by: str,
        *,
        display: str | None = None,
        tags: Sequence[str] | None = None,
        owner: Owner | None = None,
        seen: int | None = None,
    ) -> Customer:
        """Change what is given; `seen` is the revision the caller saw, and Stale is raised when it is another."""
        shown = clean(display, MAX_DISPLAY + 1) if display is not None else None
        if shown is not None and len(shown) > MAX_DISPLAY:
            raise Invalid(f"display: at most {MAX_DISPLAY} characters")
        kept = _tags(tags) if tags is not None else None
        now = self._desk.clock_ms()

        def decide(before: Customer) -> Change | None:
            unchanged_since(seen, before.rev)
            after = replace(
                before,
                display=shown if shown is not None else before.display,
                tags=kept if kept is not None else before.tags,
                owner=owner if owner is not None else before.owner,
            )
            remarks = []
            if (after.display, after.tags) != (before.display, before.tags):
                remarks.append(Remark(Customer.kind, customer_id, now, "edited", by))
            if after.owner != before.owner:
                remarks.append(owner_remark(Customer.kind, customer_id, before.owner, after.owner, by, now))
            return changed(before, _stored(after, now), *remarks) if remarks else None

        return await change(self._records, lambda: self.customer(customer_id), decide)

    async def note(self, customer_id: str, by: str, *, key: str, text: str) -> Remark:
        """A note that agents alone see; once a key."""
        name("key", key)
        remark = Remark(Customer.kind, customer_id, self._desk.clock_ms(), "note", by, message_text(text), key)
        for _ in range(RACES):
            before = await self.customer(customer_id)
            known = [one for one in await self.remarks(customer_id) if one.key == key and one.author == by]
            if known:
                return known[-1]
            with contextlib.suppress(Stale):  # found at the next turn, or tried again
                await self._records.save(changed(before, _stored(before, remark.at_ms), remark))
        raise Stale("the record changes all the time")

    async def verified(self, external_id: str, display: str, *, new_id: str) -> Customer:
        """The customer whom the site calls `external_id`; at the first sight `new_id` becomes their thread."""
        now = self._desk.clock_ms()
        for _ in range(RACES):
            known = await self.known_as(external_id)
            if known:
                found = await self.customer(known)
                return found if found.display or not display else await self.describe(known, "", display=display)
            made = Customer(new_id, display=display, external_id=external_id, created_ms=now)
            with contextlib.suppress(Stale):  # another device was first
                await self._records.save(changed(None, made, Remark(Customer.kind, new_id, now, "verified")))
        raise Stale("the record changes all the time")

    async def merge(self, customer_id: str, into: str, by: str) -> Customer:
        """Link an anonymous record to another. Linking again changes nothing; nothing is moved, so `split` undoes it.

        Raises Refused for a verified record, one that is linked elsewhere, and one that the other is linked to.
        """
        now = self._desk.clock_ms()
        for _ in range(RACES):
            source = await self.customer(customer_id)
            await self.customer(into)
            chain = await self._chain(into)
            if source.merged_into == into:
                return source
            if source.external_id:
                raise Refused("a verified customer is not merged into another")
            if source.merged_into:
                raise Refused("it is merged into another record: split it first")
            if customer_id in (into, *(one.customer_id for one in chain)):
                raise Refused("the other record is merged into this one")
            given = tuple((Customer.kind, one.customer_id, one.rev) for one in chain)
            remark = Remark(Customer.kind, customer_id, now, "merged", by, data={"into": into})
            wanted = changed(source, _stored(replace(source, merged_into=into), now), remark)
            with contextlib.suppress(Stale):
                await self._records.save(replace(wanted, given=given))
        raise Stale("the record changes all the time")

    async def split(self, customer_id: str, by: str) -> Customer:
        """Take the link away: both are as they were. Raises Refused when there is none."""
        now = self._desk.clock_ms()

        def decide(before: Customer) -> Change | None:
            if not before.merged_into:
                raise Refused("this record is merged into none")
            remark = Remark(Customer.kind, customer_id, now, "split", by, data={"from": before.merged_into})
            return changed(before, replace(before, merged_into=""), remark)

        return await change(self._records, lambda: self.customer(customer_id), decide)

    async def _chain(self, customer_id: str) -> list[Customer]:
        """The record (blank if never stored) and those it is linked to, one after another."""
        chain = [await self._records.record(Customer, customer_id) or Customer(customer_id)]
        while chain[-1].merged_into:
            found = await self._records.record(Customer, chain[-1].merged_into)
            chain.append(found or Customer(chain[-1].merged_into))
        return chain


def owner_remark(kind: str, record_id: str, before: Owner, after: Owner, by: str, now_ms: int) -> Remark:
    """The line of history that tells of a new owner."""
    data = {"from_agent": before.agent, "from_group": before.group, "to_agent": after.agent, "to_group": after.group}
    return Remark(kind, record_id, now_ms, "owner", by, data=data)


def _stored(customer: Customer, now_ms: int) -> Customer:
    return customer if customer.created_ms else replace(customer, created_ms=now_ms)


def _tags(tags: Sequence[str]) -> tuple[str, ...]:
    kept = tuple(dict.fromkeys(filter(None, (clean(tag, MAX_TAG + 1) for tag in tags))))
    if len(kept) > MAX_TAGS or any(len(tag) > MAX_TAG for tag in kept):
        raise Invalid(f"tags: at most {MAX_TAGS} of at most {MAX_TAG} characters")
    return kept
