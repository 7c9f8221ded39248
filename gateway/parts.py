"""Everything the endpoints need, constructed once in the wiring and handed to them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass

from contracts.conversation import DeskEvent
from gateway.access import Customers, Origins, Staff, may_read, may_read_case
from gateway.attachments import Attachments
from gateway.canned import CannedReplies
from gateway.console import Board, Presence
from gateway.directory import Directory
from gateway.faq_drafts import FaqDrafts
from gateway.faq_texts import FaqTexts
from gateway.figures import Figures, Rules
from gateway.floor import Floor
from gateway.mentions import Mentions
from gateway.people import People, Person, database_url
from gateway.rasa_client import RasaClient
from gateway.rates import Buckets, Gauge
from gateway.records.claims import Claims
from gateway.records.links import TicketLinks
from gateway.relay import Relay
from gateway.secret_file import Secrets
from gateway.settings import Settings
from gateway.skilled import skilled
from gateway.store import Store
from gateway.telling import Teller
from gateway.visible import EntryFrames
from gateway.workbench import Workbench
from handoff.config.live import LiveSettings
from handoff.desk import Desk
from handoff.errors import NotFound
from handoff.model import Case
from handoff.records.customers import Customers as CustomerRecords
from handoff.records.departures import Departures
from handoff.records.ticket_desk import TicketDesk


@dataclass(frozen=True)
class Limits:
    """Who may go how fast."""

    customer: Buckets
    address: Buckets
    sessions: Buckets
    agent: Buckets
    sockets: Gauge
    uploads: Buckets

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits that the settings ask for."""
        return cls(
            customer=Buckets(burst=settings.customer_burst, per_minute=settings.customer_per_minute),
            address=Buckets(burst=settings.address_burst, per_minute=settings.address_per_minute),
            sessions=Buckets(burst=settings.sessions_per_minute, per_minute=settings.sessions_per_minute),
            # An agent with a canned-reply key and ten chats is fast; a stuck key is faster.
            agent=Buckets(burst=60, per_minute=600),
            sockets=Gauge(settings.sockets_per_address),
            # A handful of pictures at once is usual, a stream of them is not.
            uploads=Buckets(burst=20, per_minute=30),
        )


@dataclass(frozen=True)
class Parts:
    """The parts of one gateway process."""

    settings: Settings
    desk: Desk
    people: People
    store: Store
    secrets: Secrets
    bot: RasaClient
    relay: Relay
    board: Board
    presence: Presence
    live: LiveSettings
    directory: Directory
    entry_frames: EntryFrames
    faq: FaqTexts
    customers: Customers
    staff: Staff
    origins: Origins
    limits: Limits
    workbench: Workbench
    teller: Teller
    customer_records: CustomerRecords
    tickets: TicketDesk
    departures: Departures
    ticket_links: TicketLinks
    claims: Claims
    attachments: Attachments
    canned: CannedReplies
    drafts: FaqDrafts
    mentions: Mentions
    floor: Floor
    figures: Figures

    @classmethod
    def build(
        cls, *, settings: Settings, desk: Desk, people: People, store: Store, secrets: Secrets, bot: RasaClient
    ) -> Parts:
        """Construct what depends on nothing but these."""
        relay = Relay(desk)
        records = CustomerRecords(desk)
        live = LiveSettings(desk)
        staff = Staff(people, store, settings, lambda person: skilled(person, desk.config))
        presence = Presence(desk, heartbeat_s=settings.heartbeat_s, known=staff.known)
        board, floor = Board(desk, relay), Floor(desk, relay)
        for listener in (presence.look_again, board.look_again, floor.look_again):
            live.listen(listener)
        relay.listen(live.hear)

        async def suspend(name: str) -> None:
            await asyncio.to_thread(people.suspend, name)
            staff.forget(name)

        def on_event(event: DeskEvent) -> None:
            if event.kind in ("departed", "person"):
                staff.forget(event.agent_id)
            if event.kind == "person":
                presence.look_again(event.agent_id)

        relay.listen(on_event)
        directory = Directory(people)
        workbench = Workbench.of(settings, people)
        return cls(
            settings=settings,
            desk=desk,
            people=people,
            store=store,
            secrets=secrets,
            bot=bot,
            relay=relay,
            board=board,
            presence=presence,
            live=live,
            directory=directory,
            entry_frames=EntryFrames(directory.display),
            floor=floor,
            mentions=Mentions(desk, store, directory),
            faq=FaqTexts(settings.faq),
            customers=Customers(
                secrets.cookie_key,
                max_age_s=settings.customer_session_days * 86400,
                verified_s=settings.verified_hours * 3600,
            ),
            staff=staff,
            origins=Origins(settings),
            limits=Limits.of(settings),
            workbench=workbench,
            teller=Teller(desk, workbench.shelf, workbench.workbook, workbench.answers),
            customer_records=records,
            tickets=TicketDesk(desk, records),
            departures=Departures(desk, records, suspend),
            ticket_links=TicketLinks(secrets.cookie_key),
            claims=Claims(store),
            attachments=Attachments(settings),
            drafts=FaqDrafts(settings.faq),
            figures=Figures(settings, people, lambda: Rules.of(desk.policy)),
            canned=CannedReplies(settings.database_url or database_url(settings.data)),
        )

    async def may_read(self, person: Person, conversation_id: str) -> bool:
        """Whether a person may read a conversation.

        See `access.may_read`; or they were called to it in a note; or it is what the customer of a conversation that
        they may read had said on another device (the records are merged).
        """
        if await may_read(self.desk, person, conversation_id):
            return True
        if await self.mentions.allow(person.name, conversation_id):
            return True
        with contextlib.suppress(NotFound):  # a verified record whose thread was never opened
            leads_to = await self.customer_records.told_in(conversation_id)
            return leads_to != conversation_id and await may_read(self.desk, person, leads_to)
        return False

    async def may_read_case(self, person: Person, case: Case) -> bool:
        """As `may_read`, for one case."""
        return await may_read_case(self.desk, person, case) or await self.mentions.allow(
            person.name, case.conversation_id
        )

    async def start(self) -> None:
        """Begin to listen to the desk."""
        await self.directory.refresh()
        await asyncio.to_thread(self.attachments.sweep)
        await self.relay.start()
        await self.live.start()
        self.board.start()
        self.floor.start()
        self.presence.start()
        self.teller.start()

    async def close(self) -> None:
        """Stop what `start` began."""
        await self.teller.close()
        await self.presence.close()
        await self.board.close()
        await self.floor.close()
        await self.live.close()
        await self.relay.close()
        await self.bot.close()
        await self.workbench.close()
        self.canned.close()


def now_ms() -> int:
    """The gateway's own clock, for browsers to count down with."""
    return time.time_ns() // 1_000_000
