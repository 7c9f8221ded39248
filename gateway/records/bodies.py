"""What browsers send about records: one frozen dataclass a request, decoded strictly (see `frames`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClaimCode:
    code: str


@dataclass(frozen=True)
class EditCustomer:
    display: str | None = None
    tags: tuple[str, ...] | None = None
    owner_agent: str | None = None
    owner_group: str | None = None
    rev: int | None = None


@dataclass(frozen=True)
class Written:
    """A note, or what a customer adds."""

    key: str
    text: str


@dataclass(frozen=True)
class MergeInto:
    into: str


@dataclass(frozen=True)
class OpenTicket:
    key: str
    title: str
    text: str = ""
    conversation_id: str = ""
    contact: str = ""
    next_ms: int | None = None
    owner_agent: str | None = None
    owner_group: str | None = None


@dataclass(frozen=True)
class EditTicket:
    title: str | None = None
    contact: str | None = None
    next_ms: int | None = None
    owner_agent: str | None = None
    owner_group: str | None = None
    rev: int | None = None


@dataclass(frozen=True)
class Answer:
    """`then` is a verb, or None to leave the ticket where it is."""

    key: str
    text: str
    then: str | None = None


@dataclass(frozen=True)
class Move:
    verb: str
    text: str = ""


@dataclass(frozen=True)
class Heir:
    to_agent: str = ""
    to_group: str = ""


@dataclass(frozen=True)
class TicketLink:
    token: str


@dataclass(frozen=True)
class TicketReply:
    token: str
    key: str
    text: str
