"""The engine over Redis: every verb one Lua script, so that each is atomic and many processes may share one Redis.

Commands, blocking reads and the event subscription use connections of their own: none waits for another. Every
command has a deadline; what is idempotent is sent once more when the connection broke, the rest is not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from contracts.codec import encode
from contracts.conversation import Author, ConversationView, DeskEvent, Entry, EntryKind
from handoff.errors import BackendUnavailable
from handoff.lifecycle import Verb
from handoff.model import Agent, AgentStatus, Case, Finished, Said, Turn
from handoff.outage import SHORT_SHARE
from handoff.ports import Due, NewCase, Opening, Reply
from handoff.records.change import Change
from handoff.records.model import Owner
from handoff.redis import rows
from handoff.redis.event_feed import EventFeed
from handoff.redis.keys import Keys
from handoff.redis.outbox import RedisOutbox
from handoff.redis.reads import RedisReads
from handoff.redis.records import RedisRecords
from handoff.redis.scripts import ScriptRunner
from handoff.redis.turn_queue import BLOCK_MS, TurnQueue
from handoff.redis.wishes import RedisWishes
from handoff.sla import Look

COMMAND_SECONDS = 2.0  # a script takes well under a millisecond; whoever waits longer has lost Redis


class RedisBackend(RedisReads):
    """State in Redis under one tenant.

    `clock` (UTC milliseconds) replaces Redis TIME in the scripts, for tests alone: in production one clock decides.
    """

    def __init__(
        self,
        url: str,
        tenant: str = "default",
        *,
        clock: Callable[[], int] | None = None,
        command_seconds: float = COMMAND_SECONDS,
    ) -> None:
        self._keys = Keys(tenant)
        settings: dict[str, Any] = {
            "decode_responses": True,
            "protocol": 2,
            "retry": Retry(NoBackoff(), 0),
            "socket_connect_timeout": command_seconds,
        }
        self._client = Redis.from_url(url, socket_timeout=command_seconds, max_connections=256, **settings)
        block_seconds = command_seconds + BLOCK_MS / 1000
        self._blocking = Redis.from_url(url, socket_timeout=block_seconds, max_connections=256, **settings)
        self._listening = Redis.from_url(url, socket_timeout=command_seconds, **settings)
        self._run = ScriptRunner(self._client, self._keys.root, clock)
        self._turns = TurnQueue(self._client, self._blocking, self._keys, self._run)
        self._feed = EventFeed(
            self._listening, self._keys.events, patience_s=command_seconds, beside=(self._client, self._blocking)
        )
        self._records = RedisRecords(self._client, self._keys, self._run)
        self._outbox = RedisOutbox(self._client, self._blocking, self._keys, BLOCK_MS)
        self._wishes = RedisWishes(self._run)

    # --- customer side

    async def open(self, conversation_id: str, *, channel: str, profile: dict[str, Any]) -> ConversationView:
        fields = {name: rows.to_json(value) for name, value in profile.items()}
        return rows.view_of(await self._run("open", conversation_id=conversation_id, channel=channel, profile=fields))

    async def say(
        self,
        conversation_id: str,
        *,
        key: str,
        text: str,
        choice: str | None,
        key_ttl_ms: int,
        data: dict[str, Any] | None = None,
    ) -> Said:
        data = {**({"choice": choice} if choice else {}), **(data or {})}
        return rows.said_of(
            await self._run(
                "say",
                conversation_id=conversation_id,
                key=key,
                text=text,
                short=text[: rows.SHORT_CHARACTERS],
                data=rows.to_json(data) if data else "",
                key_ttl_ms=key_ttl_ms,
            )
        )

    async def write(
        self,
        conversation_id: str,
        *,
        key: str,
        kind: EntryKind,
        author: Author,
        author_id: str = "",
        text: str = "",
        data: dict[str, Any],
        key_ttl_ms: int,
        correct_problem: bool = False,
        ticket: Change | None = None,
    ) -> Entry:
        (entry,) = await self._run(
            "write",
            conversation_id=conversation_id,
            key=key,
            kind=kind.value,
            author=author.value,
            author_id=author_id,
            text=text,
            data=rows.to_json(data),
            key_ttl_ms=key_ttl_ms,
            correct_problem=correct_problem,
            ticket=rows.change_row(ticket),
        )
        return rows.entry_of(entry)

    async def open_case(self, conversation_id: str, new: NewCase) -> Case:
        (case,) = await self._run("open_case", conversation_id=conversation_id, new=rows.case_row(new))
        return rows.case_of(case)

    async def leave_line(
        self,
        conversation_id: str,
        verb: Verb,
        *,
        line: str,
        key: str = "",
        text: str = "",
        contact: str = "",
        key_ttl_ms: int = 0,
        ticket: Change | None = None,
        case_id: str = "",
    ) -> Case:
        outcome = {"message": text, "contact": contact} if verb is Verb.LEAVE_MESSAGE else {}
        (case,) = await self._run(
            "leave_line",
            conversation_id=conversation_id,
            verb=verb.value,
            line=line,
            key=key,
            text=text,
            short=text[: rows.SHORT_CHARACTERS],
            outcome=rows.to_json(outcome),
            key_ttl_ms=key_ttl_ms,
            ticket=rows.change_row(ticket),
            case_id=case_id,
        )
        return rows.case_of(case)

    # --- bot side

    async def claim_turn(self, worker_id: str, *, wait_ms: int, lease_ms: int) -> Turn | None:
        return await self._turns.claim(worker_id, wait_ms=wait_ms, lease_ms=lease_ms)

    async def finish_turn(
        self,
        turn: Turn,
        *,
        annotation: dict[str, Any] | None,
        replies: Sequence[Reply],
        new_case: NewCase | None,
        otherwise: str,
        key_ttl_ms: int,
        unstaffed: str = "",
    ) -> Finished:
        accepted, entries, case = await self._run(
            "finish_turn",
            conversation_id=turn.conversation_id,
            seq=turn.seq,
            epoch=turn.epoch,
            attempt=turn.attempt,
            ticket=turn.ticket,
            turn_id=turn.turn_id,
            annotation=rows.to_json(annotation) if annotation is not None else "",
            replies=[rows.reply_row(reply) for reply in replies],
            texts=rows.to_json([reply.text for reply in replies]),
            new=rows.case_row(new_case) if new_case is not None else False,
            otherwise=otherwise,
            unstaffed=unstaffed,
            outcome=turn.outcome,
            key_ttl_ms=key_ttl_ms,
        )
        found = tuple(rows.entry_of(entry) for entry in entries)
        return Finished(bool(int(accepted)), found, rows.case_of(case) if case else None)

    async def renew(self, worker_id: str, turns: Sequence[Turn]) -> None:
        if turns:
            await self._run("renew", worker=worker_id, tickets=[turn.ticket for turn in turns])

    # --- agents

    async def agent_online(
        self,
        agent_id: str,
        *,
        display: str,
        groups: tuple[str, ...],
        cap: int,
        status: AgentStatus | None,
        resume_ms: int,
        levels: tuple[int, ...] = (),
    ) -> Agent:
        agent, load = await self._run(
            "agent_online",
            agent_id=agent_id,
            display=display,
            groups=list(groups),
            cap=cap,
            status=status.value if status is not None else "",
            resume_ms=resume_ms,
            levels=list(levels),
        )
        return rows.agent_of(agent, load)

    async def heartbeat(self, agent_id: str) -> None:
        await self._run("heartbeat", agent_id=agent_id)

    async def set_status(self, agent_id: str, status: AgentStatus) -> None:
        await self._run("set_agent", agent_id=agent_id, status=status.value)

    async def agent_away(self, agent_id: str) -> None:
        await self._run("set_agent", agent_id=agent_id, status="")

    async def offer(
        self, case_id: str, agent_id: str, *, offer_ms: int, why: str, cap: int = 0, any_group: bool = False
    ) -> bool:
        (done,) = await self._run(
            "offer", case_id=case_id, agent_id=agent_id, offer_ms=offer_ms, why=why, cap=cap, any_group=any_group
        )
        return bool(int(done))

    async def overflow(
        self, case_id: str, *, step: int, next_step: int, next_ms: int, to_group: str, line: str, why: str
    ) -> bool:
        (done,) = await self._run(
            "overflow",
            case_id=case_id,
            step=step,
            next_step=next_step,
            next_ms=next_ms,
            to_group=to_group,
            line=line,
            why=why,
        )
        return bool(int(done))

    async def accept(self, agent_id: str, case_id: str, *, line: str) -> ConversationView:
        return rows.view_of(await self._run("accept", agent_id=agent_id, case_id=case_id, line=line))

    async def pass_on(self, case_id: str, agent_id: str, verb: Verb, *, reason: str, max_missed: int) -> Case:
        (case,) = await self._run(
            "pass_on", case_id=case_id, agent_id=agent_id, verb=verb.value, why=reason, max_missed=max_missed
        )
        return rows.case_of(case)

    async def agent_say(
        self,
        agent_id: str,
        conversation_id: str,
        *,
        key: str,
        text: str,
        epoch: int,
        key_ttl_ms: int,
        data: dict[str, Any] | None = None,
    ) -> Said:
        return rows.said_of(
            await self._run(
                "agent_say",
                agent_id=agent_id,
                conversation_id=conversation_id,
                key=key,
                text=text,
                short=text[: rows.SHORT_CHARACTERS],
                epoch=epoch,
                data=rows.to_json(data) if data else "",
                key_ttl_ms=key_ttl_ms,
            )
        )

    async def transfer(
        self,
        agent_id: str,
        case_id: str,
        *,
        note: str,
        to_agent: str,
        to_group: str,
        offer_ms: int,
        line: str,
        by: str = "",
    ) -> Case:
        (case,) = await self._run(
            "transfer",
            agent_id=agent_id,
            by=by,
            case_id=case_id,
            note=note,
            to_agent=to_agent,
            to_group=to_group,
            offer_ms=offer_ms,
            line=line,
        )
        return rows.case_of(case)

    async def wrap_up(self, agent_id: str, case_id: str) -> Case:
        (case,) = await self._run("wrap_up", agent_id=agent_id, case_id=case_id)
        return rows.case_of(case)

    async def resolve(
        self, agent_id: str, case_id: str, *, outcome: dict[str, Any], line: str, ticket: Change | None = None
    ) -> ConversationView:
        reason = str(outcome.get("reason", "")) or "closed"
        return rows.view_of(
            await self._run(
                "resolve",
                agent_id=agent_id,
                case_id=case_id,
                outcome=rows.to_json(outcome),
                outcome_reason=reason,
                line=line,
                ticket=rows.change_row(ticket),
            )
        )

    async def take_over(self, agent_id: str, case_id: str, *, line: str) -> ConversationView:
        return rows.view_of(await self._run("take_over", agent_id=agent_id, case_id=case_id, line=line))

    async def answer_message(
        self,
        agent_id: str,
        case_id: str,
        *,
        key: str,
        text: str,
        outcome: dict[str, Any],
        ticket: Change | None = None,
    ) -> Case:
        (case,) = await self._run(
            "answer_message",
            agent_id=agent_id,
            case_id=case_id,
            key=key,
            text=text,
            short=text[: rows.SHORT_CHARACTERS],
            outcome=rows.to_json(outcome),
            ticket=rows.change_row(ticket),
        )
        return rows.case_of(case)

    # --- routing and upkeep

    async def openings(self, limit: int) -> list[Opening]:
        now_ms, *groups = await self._run("openings", limit=limit)
        return sorted((rows.opening_of(row, int(now_ms)) for row in groups), key=lambda opening: opening.group)

    async def due(self, *, grace_ms: int, outage_ms: int, offer_ms: int, limit: int) -> Due:
        short_ms = outage_ms // SHORT_SHARE
        now_ms, lapsed, lost, over, clocks = await self._run(
            "due", grace_ms=grace_ms, outage_ms=outage_ms, short_ms=short_ms, offer_ms=offer_ms, limit=limit
        )
        running = tuple(rows.clock_of(row) for row in clocks)
        return Due(tuple(zip(lapsed[::2], lapsed[1::2])), tuple(lost), tuple(over), int(now_ms), running)

    async def tell_clocks(self, looks: Sequence[Look]) -> list[bool]:
        return [bool(int(told)) for told in await self._run("tell_clocks", looks=[rows.look_row(one) for one in looks])]

    async def lose_agent(self, agent_id: str, *, grace_ms: int, line: str) -> tuple[str, ...]:
        return tuple(await self._run("lose_agent", agent_id=agent_id, grace_ms=grace_ms, line=line))

    async def depart(self, agent_id: str, *, heir: Owner, line: str) -> tuple[str, ...]:
        return tuple(await self._run("depart", agent_id=agent_id, heir=encode(heir), line=line))

    async def readmit(self, agent_id: str) -> None:
        await self._run("readmit", agent_id=agent_id)

    # --- records, archive and events

    @property
    def records(self) -> RedisRecords:
        return self._records

    @property
    def outbox(self) -> RedisOutbox:
        return self._outbox

    @property
    def wishes(self) -> RedisWishes:
        return self._wishes

    async def publish(self, event: DeskEvent) -> None:
        try:
            await self._client.publish(self._keys.events, rows.to_json(encode(event)))
        except (RedisError, OSError) as error:
            raise BackendUnavailable(f"Redis does not answer ({type(error).__name__})") from error

    def events(self) -> AsyncIterator[DeskEvent]:
        return self._feed.events()

    async def close(self) -> None:
        self._feed.stop()
        for client in (self._client, self._blocking, self._listening):
            await client.aclose()
