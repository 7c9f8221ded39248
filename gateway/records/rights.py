"""Who may see and change which record, and whom it may be given to."""

from __future__ import annotations

import asyncio

from gateway.errors import BadRequest, NotAllowed
from gateway.parts import Parts
from gateway.people import Person, Role
from handoff.errors import NotFound
from handoff.records.model import Customer, Owner, Ticket

DEFAULT_GROUP = "default"


def groups_of(person: Person) -> tuple[str, ...]:
    """The groups whose tickets a person answers for."""
    return person.groups or (DEFAULT_GROUP,)


def is_theirs(person: Person, owner: Owner) -> bool:
    """Whether a record is in this person's hands, or in those of a group of theirs."""
    return owner.agent == person.name or (bool(owner.group) and owner.group in groups_of(person))


def is_for(person: Person, owner: Owner) -> bool:
    """Whether a person may take this up: supervisors anything, others what is theirs or nobody's."""
    return person.may(Role.SUPERVISOR) or is_theirs(person, owner) or owner == Owner()


def sees_all(person: Person, owner: Owner) -> bool:
    """Whether telephone numbers and the like are shown in full."""
    return person.may(Role.SUPERVISOR) or is_theirs(person, owner)


async def reach_customer(parts: Parts, person: Person, customer: Customer) -> None:
    """Raises NotAllowed unless they own the customer or may read the thread."""
    if person.may(Role.SUPERVISOR) or is_theirs(person, customer.owner):
        return
    if not await parts.may_read(person, customer.customer_id):
        raise NotAllowed


async def reach_ticket(parts: Parts, person: Person, ticket: Ticket) -> None:
    """Raises NotAllowed unless it is for them or about a customer whose thread they may read."""
    if is_for(person, ticket.owner):
        return
    try:
        readable = bool(ticket.conversation_id) and await parts.may_read(person, ticket.conversation_id)
    except NotFound:
        readable = False
    if not readable:
        raise NotAllowed


async def wanted_owner(parts: Parts, agent: str | None, group: str | None) -> Owner | None:
    """The owner that a request names, None when it names none. Raises BadRequest for one who is not there."""
    if agent is None and group is None:
        return None
    if agent and group:
        raise BadRequest("owner_agent 和 owner_group 只能填一个。")
    everybody = await asyncio.to_thread(parts.people.all)
    if agent and not any(one.name == agent and not one.suspended for one in everybody):
        raise BadRequest(f"没有叫 {agent[:32]} 的在职客服。")
    known = {DEFAULT_GROUP, *parts.desk.config.groups.known, *(one for person in everybody for one in person.groups)}
    if group and group not in known:
        raise BadRequest(f"没有叫 {group[:64]} 的技能组。")
    return Owner(agent or "", group or "")


def may_give(person: Person, before: Owner, after: Owner | None) -> None:
    """Raises NotAllowed unless they may change this owner: what is theirs they give away, what is free they take."""
    if after is None or after == before or person.may(Role.SUPERVISOR):
        return
    takes = before == Owner() and is_theirs(person, after)
    if not (is_theirs(person, before) or takes):
        raise NotAllowed("只有主管可以改派别人负责的客户和工单。")
