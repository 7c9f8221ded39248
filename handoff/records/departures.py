"""An agent leaves for good: what they hold is handed on, nobody is forgotten, and the customers are told.

Every step may be done again, so a departure that was cut short is finished by asking for it once more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from handoff.desk import Desk
from handoff.errors import Refused
from handoff.inputs import name
from handoff.records.change import DEPARTURES, Change, Line, changed, owned_list
from handoff.records.changing import change
from handoff.records.customers import Customers, owner_remark
from handoff.records.model import NOBODY, Customer, Departure, Owner, Ticket

LISTED = 500
Suspend = Callable[[str], Awaitable[None]]


class Departures:
    """Departures at one desk. `suspend` ends a person's logins and lets them in no more; it may be called again."""

    def __init__(self, desk: Desk, customers: Customers, suspend: Suspend) -> None:
        self._desk = desk
        self._known = customers
        self._suspend = suspend

    async def all(self) -> list[Departure]:
        """Every departure, the latest first."""
        return await self._desk.records.listed(Departure, DEPARTURES, limit=LISTED, latest=True)

    async def departure(self, agent_id: str) -> Departure | None:
        """The departure of somebody, or None when they have not left."""
        return await self._desk.records.record(Departure, agent_id)

    async def held(self, agent_id: str) -> Departure:
        """What somebody holds now, as it would be handed on; nothing is changed."""
        cases = await self._desk.agent_cases(agent_id)
        return Departure(
            agent_id,
            cases=tuple(case.case_id for case in cases),
            tickets=tuple(one.ticket_id for one in await self._tickets(agent_id)),
            customers=tuple(one.customer_id for one in await self._customers(agent_id)),
        )

    async def depart(
        self, agent_id: str, by: str, *, heir: Owner = NOBODY, display: str = "", heir_display: str = ""
    ) -> Departure:
        """Hand on everything to the heir (an agent or a group); one that was cut short goes on with its own heir.

        Chats go back to the line, the heir's first of all, and must be accepted; tickets and customers have a new owner
        at once. Raises Refused for an heir who has left, or who is not the one of the departure under way.
        """
        plan = await self._begin(name("agent_id", agent_id), by, heir, display, heir_display)
        await self._suspend(agent_id)
        to, shown = await self._living_heir(plan)
        lost = await self._desk.depart(agent_id, heir=to)
        tickets = customers = ()  # type: tuple[str, ...]
        # Whatever came into their hands before they were known as departed is here; nothing can come after.
        while found := await self._tickets(agent_id):
            for ticket in found:
                await self._hand_on_ticket(ticket, agent_id, to, shown, by)
            tickets += tuple(ticket.ticket_id for ticket in found)
        while owned := await self._customers(agent_id):
            for customer in owned:
                await self._hand_on_customer(customer.customer_id, agent_id, to, shown, by)
            customers += tuple(customer.customer_id for customer in owned)
        return await self._end(plan, lost, tickets, customers)

    # --- inside

    async def _begin(self, agent_id: str, by: str, heir: Owner, display: str, heir_display: str) -> Departure:
        now = self._desk.clock_ms()
        departed = await self._desk.records.departed()
        if heir.agent == agent_id or heir.agent in departed:
            raise Refused("the heir has left too")
        held = await self.held(agent_id)

        def decide(before: Departure) -> Change | None:
            if before.rev and not before.finished_ms:
                if heir not in (NOBODY, before.heir):
                    raise Refused("the departure is under way with another heir")
                return None
            if before.rev and agent_id in departed:
                return None  # they have left, and nothing of theirs is left
            return changed(
                before if before.rev else None,
                replace(
                    held,
                    rev=before.rev,
                    display=display,
                    heir=heir if heir != NOBODY else Owner(group=self._desk.policy.default_group),
                    heir_display=heir_display,
                    by=by,
                    started_ms=now,
                ),
            )

        async def read() -> Departure:
            return await self.departure(agent_id) or Departure(agent_id)

        return await change(self._desk.records, read, decide)

    async def _living_heir(self, plan: Departure) -> tuple[Owner, str]:
        """The heir, or the heir's heir if that one has left meanwhile, and the name customers read."""
        departed, seen = await self._desk.records.departed(), {plan.agent_id}
        while plan.heir.agent in departed:
            seen.add(plan.heir.agent)
            later = await self.departure(plan.heir.agent)
            if later is None or later.heir.agent in seen:
                return Owner(group=self._desk.policy.default_group), ""
            plan = later
        return plan.heir, plan.heir_display

    async def _end(
        self, plan: Departure, cases: tuple[str, ...], tickets: tuple[str, ...], customers: tuple[str, ...]
    ) -> Departure:
        now = self._desk.clock_ms()

        async def read() -> Departure:
            return await self.departure(plan.agent_id) or plan

        def decide(before: Departure) -> Change | None:
            after = replace(
                before,
                finished_ms=before.finished_ms or now,
                cases=_joined(before.cases, cases),
                tickets=_joined(before.tickets, tickets),
                customers=_joined(before.customers, customers),
            )
            return changed(before, after) if after != before else None

        return await change(self._desk.records, read, decide)

    async def _tickets(self, agent_id: str) -> list[Ticket]:
        return await self._desk.records.listed(Ticket, owned_list("tickets", Owner(agent_id)), limit=LISTED)

    async def _customers(self, agent_id: str) -> list[Customer]:
        return await self._desk.records.listed(Customer, owned_list("customers", Owner(agent_id)), limit=LISTED)

    async def _hand_on_ticket(self, ticket: Ticket, agent_id: str, to: Owner, shown: str, by: str) -> None:
        one, now = ticket.ticket_id, self._desk.clock_ms()
        thread = await self._known.told_in(ticket.conversation_id)
        told = self._desk.policy.texts.ticket_handed_on.replace("{ticket}", one).replace("{owner}", shown or "同事")

        async def read() -> Ticket:
            found = await self._desk.records.record(Ticket, one)
            assert found is not None, "a ticket in a list exists"
            return found

        def decide(before: Ticket) -> Change | None:
            if before.owner.agent != agent_id or not before.state.is_open:
                return None
            remark = owner_remark(Ticket.kind, one, before.owner, to, by, now)
            line = Line(thread, told, "ticket")
            return changed(before, replace(before, owner=to, changed_ms=now), remark, lines=(line,))

        await change(self._desk.records, read, decide)

    async def _hand_on_customer(self, one: str, agent_id: str, to: Owner, shown: str, by: str) -> None:
        now = self._desk.clock_ms()
        told = self._desk.policy.texts.owner_changed.replace("{owner}", shown or "同事")

        async def read() -> Customer:
            found = await self._desk.records.record(Customer, one)
            assert found is not None, "a customer in a list exists"
            return found

        def decide(before: Customer) -> Change | None:
            if before.owner.agent != agent_id:
                return None
            remark = owner_remark(Customer.kind, one, before.owner, to, by, now)
            # Who is linked to another record reads that one's thread, and is told there as its customer.
            lines = () if before.merged_into else (Line(one, told, "owner"),)
            return changed(before, replace(before, owner=to), remark, lines=lines)

        await change(self._desk.records, read, decide)


def _joined(known: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *more)))
