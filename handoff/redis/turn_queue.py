"""Which turn runs next: a stream of conversations whose next turn may run, read by a consumer group.

A conversation has at most one entry there, so its turns run one at a time and in order. A worker that falls silent
loses its entry to another after the lease (XAUTOCLAIM).
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from handoff.errors import BackendUnavailable
from handoff.model import Turn
from handoff.redis import rows
from handoff.redis.groups import ensure_group
from handoff.redis.keys import WORKERS, Keys
from handoff.redis.scripts import ScriptRunner

BLOCK_MS = 1000  # longest single blocking read; between two, dead workers' turns are looked for


class TurnQueue:
    """The turns of one tenant. `blocking` is a client whose timeout is longer than BLOCK_MS."""

    def __init__(self, client: Redis, blocking: Redis, keys: Keys, run: ScriptRunner) -> None:
        self._client = client
        self._blocking = blocking
        self._keys = keys
        self._run = run
        self._looked_for_dead = 0.0

    async def claim(self, worker_id: str, *, wait_ms: int, lease_ms: int) -> Turn | None:
        """The next turn for this worker, or None when there is none within `wait_ms`."""
        deadline = time.monotonic() + wait_ms / 1000
        while True:
            ticket = await self._dead_ticket(worker_id, lease_ms)
            if ticket is None:
                left_ms = int((deadline - time.monotonic()) * 1000)
                ticket = await self._next_ticket(worker_id, min(left_ms, BLOCK_MS, max(lease_ms, 1)))
            if ticket is not None:
                turn = await self._begin(*ticket)
                if turn is not None:
                    return turn
            elif time.monotonic() >= deadline:
                return None

    async def _next_ticket(self, worker_id: str, block_ms: int) -> tuple[str, str] | None:
        """(ticket, conversation) of the next turn that may run; waits up to `block_ms`."""
        streams: dict[Any, Any] = {self._keys.turns: ">"}
        try:
            reply: Any = await self._blocking.xreadgroup(
                WORKERS, worker_id, streams, count=1, block=block_ms if block_ms > 0 else None
            )
        except ResponseError as error:
            await ensure_group(self._client, self._keys.turns, WORKERS, error)
            return None
        except (RedisError, OSError) as error:
            raise BackendUnavailable(f"Redis does not answer ({type(error).__name__})") from error
        return _ticket(reply[0][1]) if reply else None

    async def _dead_ticket(self, worker_id: str, lease_ms: int) -> tuple[str, str] | None:
        """(ticket, conversation) of a turn whose worker has been silent for `lease_ms`; looked for now and then."""
        now = time.monotonic()
        if now - self._looked_for_dead < min(lease_ms, BLOCK_MS) / 1000:
            return None
        self._looked_for_dead = now
        try:
            reply = await self._client.xautoclaim(
                self._keys.turns, WORKERS, worker_id, min_idle_time=lease_ms, start_id="0-0", count=1
            )
        except ResponseError as error:
            await ensure_group(self._client, self._keys.turns, WORKERS, error)
            return None
        except (RedisError, OSError) as error:
            raise BackendUnavailable(f"Redis does not answer ({type(error).__name__})") from error
        ticket = _ticket(reply[1])
        if ticket is not None:
            self._looked_for_dead = 0.0  # there may be more: look again at once
        return ticket

    async def _begin(self, ticket: str, conversation_id: str) -> Turn | None:
        result = await self._run("begin_turn", conversation_id=conversation_id, ticket=ticket)
        if not result:
            return None
        seq, epoch, session, attempt, channel, case_state, outcome, vip, row = result
        entry = rows.entry_of(row)
        return Turn(
            turn_id=f"{conversation_id}:{seq}",
            conversation_id=conversation_id,
            seq=int(seq),
            text=entry.text,
            epoch=int(epoch),
            bot_session=int(session),
            channel=channel,
            case_state=case_state,
            choice=entry.data.get("choice"),
            outcome=outcome,
            vip=bool(json.loads(vip)),
            attempt=int(attempt),
            ticket=ticket,
        )


def _ticket(rows_: Sequence[Any]) -> tuple[str, str] | None:
    """The first entry of a stream reply as (ticket, conversation)."""
    for ticket, fields in rows_:
        if fields:
            return ticket, fields["conversation"]
    return None
