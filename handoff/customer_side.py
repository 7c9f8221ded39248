"""What a customer asks of the desk, and what both sides of it share: writing to a log, opening a case."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from contracts.conversation import Attachment, Author, ConversationView, Entry, EntryKind
from contracts.escalation import Escalation, Evidence, Reason
from handoff import upkeep
from handoff.attached import with_files
from handoff.brief import problem_of
from handoff.config.entrances import BOT_ONLY, PERSON_FIRST
from handoff.errors import Invalid, NotFound, Stale
from handoff.inputs import clean, message_text, name
from handoff.lifecycle import Verb
from handoff.model import Case, Said, Turn
from handoff.overflow import first_ms
from handoff.policy import DeskPolicy
from handoff.ports import DeskBackend, NewCase
from handoff.readable import readable
from handoff.records.change import Change
from handoff.records.model import Customer, TicketKind
from handoff.records.tickets import from_message, from_rating
from handoff.views import Views
from handoff.visits import begins_visit
from handoff.wishes import question_at

RECENT_ENTRIES = 60
UNSTAFFED = "unstaffed"
RACES = 5  # how often a step is tried anew because somebody else was faster


class CustomerSide(Views):
    """The customer's half of the desk."""

    def __init__(
        self,
        backend: DeskBackend,
        policy: DeskPolicy | None = None,
        *,
        new_id: Callable[[], str] | None = None,
        clock: Callable[[], int] | None = None,
    ) -> None:
        """`new_id` mints case ids (random without it); `clock` gives UTC ms, for the calendar and for tickets alone."""
        super().__init__(backend, policy or DeskPolicy(), clock or (lambda: time.time_ns() // 1_000_000))
        self._new_id = new_id or (lambda: f"c{secrets.token_hex(8)}")

    async def open(
        self, conversation_id: str, *, channel: str = "web", profile: dict[str, Any] | None = None
    ) -> ConversationView:
        """The conversation, created if it is new. A profile given is merged into the known one."""
        wanted = name("conversation_id", conversation_id)
        return await self._with_range(await self._backend.open(wanted, channel=channel, profile=profile or {}))

    async def say(
        self,
        conversation_id: str,
        *,
        key: str,
        text: str,
        choice: str | None = None,
        channel: str = "web",
        attachments: Sequence[Attachment] = (),
    ) -> Said:
        """Log a customer message and queue a turn if the bot owns the conversation; once a key.

        The text may be empty when there are attachments.
        """
        said = await self._backend.say(
            conversation_id,
            key=name("key", key),
            choice=choice,
            key_ttl_ms=self.policy.key_ttl_ms,
            **with_files(text, attachments),
        )
        if said.turn_queued and self.config.entrances.any_person_first:
            await self._person_first(conversation_id, said.seq)
        return said

    async def request_human(
        self,
        conversation_id: str,
        *,
        key: str,
        reason: Reason = Reason.EXPLICIT_REQUEST,
        evidence: tuple[Evidence, ...] = (),
    ) -> Case | None:
        """Take a place in the line at once; returns the open case if there is one.

        Where nobody can be called the customer is told so, and None is returned.
        """
        name("key", key)
        view = await self._backend.conversation(conversation_id)
        if not view.case_id and self.mode(view.channel) == BOT_ONLY:
            await self._tell_unstaffed(conversation_id, key)
            return None
        new = await self._new_case(conversation_id, Escalation(reason, evidence), self.policy.texts.waiting)
        case = await self._backend.open_case(conversation_id, new)
        await self.drain()
        return case

    async def cancel_wait(self, conversation_id: str) -> ConversationView:
        """不用等了: the case is abandoned by the customer. Cancelling when nobody waits changes nothing."""
        view = await self._backend.conversation(conversation_id)
        if view.case_state == "none":
            return view
        await self._backend.leave_line(conversation_id, Verb.ABANDON, line=self.policy.texts.cancelled)
        await self.drain()
        return await self._backend.conversation(conversation_id)

    async def leave_message(self, conversation_id: str, *, key: str, text: str, contact: str = "") -> Case:
        """Leave a message instead of waiting, which makes a ticket; once a key.

        Where nobody can be called it may be left without having waited.
        """
        name("key", key)
        said, reach = message_text(text), clean(contact, 200)
        for _ in range(RACES):
            case = await self._open_case(conversation_id) or await self._case_to_leave(conversation_id, key)
            with contextlib.suppress(Stale):  # the case ended and another was opened, just now
                left = await self._backend.leave_line(
                    conversation_id,
                    Verb.LEAVE_MESSAGE,
                    line=self.policy.texts.message_left,
                    key=key,
                    text=said,
                    contact=reach,
                    key_ttl_ms=self.policy.key_ttl_ms,
                    ticket=self._ticket_of_message(case, said, reach) if case else None,
                    case_id=case.case_id if case else "",
                )
                await self.drain()
                return left
        raise Stale("the case changes all the time")

    async def feedback(self, conversation_id: str, *, key: str, seq: int, useful: bool) -> Entry:
        """有用/没用 about bot message `seq`."""
        data = {"what": "vote", "about": seq, "useful": useful}
        return await self._write(conversation_id, key, EntryKind.FEEDBACK, Author.CUSTOMER, data=data)

    async def wish(self, conversation_id: str, *, key: str, seq: int, wanted: bool = True) -> Entry:
        """The customer wants to be told once there is an answer to the question of bot message `seq`, or no more.

        Raises Invalid where a wish is not offered, Refused when too many stand.
        """
        around = await self._backend.log(conversation_id, after=0, before=seq + 1, limit=RECENT_ENTRIES)
        asked = question_at(around, seq)
        if asked is None:
            raise Invalid("seq: no question that the bot could not answer")
        return await self._backend.wishes.make(
            conversation_id,
            key=name("key", key),
            about=seq,
            seq=asked.seq,
            question=asked.text,
            wanted=wanted,
            key_ttl_ms=self.policy.key_ttl_ms,
        )

    async def rate(self, conversation_id: str, *, key: str, score: int, comment: str = "", stretch: str = "") -> Entry:
        """Satisfaction from 1 to 5 with one stretch: the bot's, or one case's. A bad one makes a ticket."""
        if not 1 <= score <= 5:
            raise Invalid("score: from 1 to 5")
        data = {"what": "rating", "score": score, "stretch": stretch}
        text = message_text(comment) if comment else ""
        ticket = None
        if score <= self.policy.bad_rating:
            ticket = await self._ticket_of_rating(conversation_id, stretch, score, text)
        return await self._write(
            conversation_id, key, EntryKind.FEEDBACK, Author.CUSTOMER, text=text, data=data, ticket=ticket
        )

    async def correct_problem(self, conversation_id: str, *, key: str, text: str) -> Entry:
        """The confirm-back card, edited: the customer words the problem of the open case anew."""
        view = await self._backend.conversation(conversation_id)
        data = {"what": "problem", "case_id": view.case_id}
        return await self._write(
            conversation_id, key, EntryKind.FEEDBACK, Author.CUSTOMER, text=message_text(text), data=data, correct=True
        )

    async def drain(self) -> int:
        """Offer waiting cases to free agents; see `upkeep.drain`. Returns the offers made."""
        return await upkeep.drain(self._backend, self.policy)

    # --- inside

    async def _person_first(self, conversation_id: str, seq: int) -> None:
        """At an entry point where a person answers first, the first message of a visit takes a place in the line."""
        view = await self._backend.conversation(conversation_id)
        if view.case_id or self.mode(view.channel) != PERSON_FIRST:
            return
        recent = await self._backend.log(conversation_id, after=0, before=view.last_seq + 1, limit=RECENT_ENTRIES)
        if begins_visit(recent, seq):
            evidence = (Evidence("entry_point", view.channel, 1.0, seq),)
            await self.request_human(conversation_id, key=f"visit-{seq}", reason=Reason.PERSON_FIRST, evidence=evidence)

    async def _case_to_leave(self, conversation_id: str, key: str) -> Case | None:
        """Where nobody can be called, a case that is opened only to be left as a message; else None.

        Should we die before it is left, the same request finds it and goes on.
        """
        view = await self._backend.conversation(conversation_id)
        if view.owner != "bot" or self.mode(view.channel) != BOT_ONLY:
            return None
        entries = await self._backend.log(conversation_id, after=0, before=view.last_seq + 1, limit=RECENT_ENTRIES)
        if any(entry.key == key and "left" in entry.data for entry in entries):
            return None  # left already
        new = await self._new_case(conversation_id, Escalation(Reason.EXPLICIT_REQUEST), "")
        return await self._backend.open_case(conversation_id, new)

    async def _tell_unstaffed(self, conversation_id: str, key: str) -> None:
        await self._write(
            *(conversation_id, f"unstaffed-{key}", EntryKind.MESSAGE, Author.SYSTEM),
            text=self._unstaffed(self.policy.texts.unstaffed),
            data={"kind": "notice", "notice": UNSTAFFED},
        )

    def _unstaffed(self, line: str) -> str:
        """What is told where nobody can be called: with when somebody will be there, where that is known."""
        calendar = self.policy.calendar
        opens = calendar.next_open(self._now()) if calendar is not None and not self.is_open() else None
        when = f"，预计 {calendar.tell(opens)} 有人在" if calendar is not None and opens is not None else ""
        return line.replace("{opens}", when)

    async def _write(
        self,
        conversation_id: str,
        key: str,
        kind: EntryKind,
        author: Author,
        *,
        text: str = "",
        author_id: str = "",
        data: dict[str, Any],
        correct: bool = False,
        ticket: Change | None = None,
    ) -> Entry:
        return await self._backend.write(
            conversation_id,
            key=name("key", key),
            kind=kind,
            author=author,
            author_id=author_id,
            text=text,
            data=data,
            key_ttl_ms=self.policy.key_ttl_ms,
            correct_problem=correct,
            ticket=ticket,
        )

    async def _open_case(self, conversation_id: str) -> Case | None:
        view = await self._backend.conversation(conversation_id)
        return await self._backend.case(view.case_id) if view.case_id else None

    def _ticket_of_message(self, case: Case, text: str, contact: str) -> Change:
        now = self._now()
        next_ms = self.policy.ticket_due(TicketKind.MESSAGE, now)
        return from_message(case, text, contact, now_ms=now, next_ms=next_ms)

    async def _ticket_of_rating(self, conversation_id: str, stretch: str, score: int, comment: str) -> Change:
        """The ticket to call back; a stretch that is no case of this customer's is the bot's."""
        view = await self._backend.conversation(conversation_id)
        case = None
        with contextlib.suppress(NotFound):
            case = await self._backend.case(stretch)
        if case is not None and case.conversation_id != conversation_id:
            case = None
        now = self._now()
        return from_rating(
            conversation_id,
            case.case_id if case else f"bot {view.bot_session}",
            case,
            score=score,
            comment=comment,
            group=self.policy.default_group,
            now_ms=now,
            next_ms=self.policy.ticket_due(TicketKind.CALL_BACK, now),
        )

    async def _new_case(
        self, conversation_id: str, escalation: Escalation, line: str, turn: Turn | None = None
    ) -> NewCase:
        view = await self._backend.conversation(conversation_id)
        recent = await self._backend.log(conversation_id, after=0, before=view.last_seq + 1, limit=RECENT_ENTRIES)
        problem, seq = problem_of(recent)
        vip = bool(view.profile.get("vip"))
        level, head_start_ms = self.policy.priority(escalation.reason, vip=vip)
        group = self.policy.group_for(escalation.reason, view.channel)
        customer = await self.records.record(Customer, conversation_id)
        evidence = tuple(
            replace(one, seq=turn.seq) if one.seq is None and turn is not None else one for one in escalation.evidence
        )
        return NewCase(
            case_id=self._new_id(),
            reason=escalation.reason,
            evidence=evidence,
            priority=level,
            head_start_ms=head_start_ms,
            group=group,
            problem=problem or (readable(turn.text) if turn is not None else ""),
            problem_seq=seq or (turn.seq if turn is not None else 0),
            line=self._line(line) if line else "",
            sticky_ms=self.policy.sticky_ms,
            owner=customer.owner.agent if customer is not None else "",
            overflow_ms=first_ms(self.policy.config.groups.of(group)),
        )

    def _line(self, line: str) -> str:
        """What a customer is told on joining the line: after hours, when somebody will be there."""
        calendar = self.policy.calendar
        if calendar is None or self.is_open():
            return line
        opens = calendar.next_open(self._now())
        text = calendar.tell(opens) if opens is not None else "下个工作日"
        return self.policy.texts.after_hours.replace("{opens}", text)
