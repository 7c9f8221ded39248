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
from redis.exceptions import NoScriptError, RedisError, ResponseError

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
        self._behind: set[str] = set()  # workers who have a ticket that is not begun, so they need not wait for one

    async def claim(self, worker_id: str, *, wait_ms: int, lease_ms: int) -> Turn | None:
        """The next turn for this worker, or None when there is none within `wait_ms`."""
        deadline = time.monotonic() + wait_ms / 1000
        while True:
            ticket = await self._dead_ticket(worker_id, lease_ms)
            if ticket is not None:
                came, turn = True, _turn(await self._run("begin_turn", worker=worker_id, ticket=ticket))
            else:
                left_ms = int((deadline - time.monotonic()) * 1000)
                came, turn = await self._next(worker_id, min(left_ms, BLOCK_MS, max(lease_ms, 1)))
            if turn is not None or (not came and time.monotonic() >= deadline):
                return turn

    async def _next(self, worker_id: str, block_ms: int) -> tuple[bool, Turn | None]:
        """Wait up to `block_ms` for a ticket and begin its turn: one round trip, for Redis runs both when it comes.

        Returns whether a ticket came, and its turn, or None when nothing was left to be done about it. A ticket whose
        news was lost on the way is pending under the worker's name and never begun; it is begun here first.
        """
        streams: dict[Any, Any] = {self._keys.turns: ">"}
        block = block_ms if block_ms > 0 and worker_id not in self._behind else None
        try:
            async with self._blocking.pipeline(transaction=False) as pipe:
                pipe.xreadgroup(WORKERS, worker_id, streams, count=1, block=block)
                pipe.evalsha(*self._run.call("begin_turn", worker=worker_id, ticket=""))
                read, begun = await pipe.execute(raise_on_error=False)
        except (RedisError, OSError) as error:
            raise BackendUnavailable(f"Redis does not answer ({type(error).__name__})") from error
        if isinstance(read, ResponseError):
            await ensure_group(self._client, self._keys.turns, WORKERS, read)
            return False, None
        came = read[0][1][0][0] if read else ""
        if isinstance(begun, NoScriptError):  # Redis was started anew, or this is the first time
            turn = _turn(await self._run("begin_turn", worker=worker_id, ticket=""))
        elif isinstance(begun, RedisError):
            raise BackendUnavailable(f"Redis refused begin_turn: {begun}")
        else:
            turn = _turn(self._run.result_of(begun))
        if came and turn is not None and turn.ticket != came:
            self._behind.add(worker_id)
        else:
            self._behind.discard(worker_id)
        return bool(came) or turn is not None, turn

    async def _dead_ticket(self, worker_id: str, lease_ms: int) -> str | None:
        """The ticket of a turn whose worker has been silent for `lease_ms`; looked for now and then."""
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
        ticket: str | None = next((name for name, fields in reply[1] if fields), None)
        if ticket is not None:
            self._looked_for_dead = 0.0  # there may be more: look again at once
        return ticket


def _turn(result: Sequence[Any]) -> Turn | None:
    """What `begin_turn` answered."""
    if not result:
        return None
    ticket, conversation_id, seq, epoch, session, attempt, channel, case_state, outcome, vip, row = result
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
        attachments=len(entry.data.get("attachments", ())),
        wordless=bool(entry.data.get("wordless")),
    )
