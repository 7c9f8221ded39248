"""The bot's turns in memory: claimed by one worker at a time, finished once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from contracts.conversation import Author, EntryKind
from handoff.memory.reads import Reads
from handoff.memory.values import BOT, Claim, Conversation, Done
from handoff.model import Finished, Turn
from handoff.ports import NewCase, Reply


class Turns(Reads):
    """The bot's side of the backend."""

    async def claim_turn(self, worker_id: str, *, wait_ms: int, lease_ms: int) -> Turn | None:
        deadline = time.monotonic() + wait_ms / 1000
        while True:
            turn = self._claim(worker_id, lease_ms)
            left = deadline - time.monotonic()
            if turn is not None or left <= 0:
                return turn
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), min(left, 1.0))
            except asyncio.TimeoutError:
                continue

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
        conversation = self._find(turn.conversation_id)
        if turn.turn_id in self._finished:
            done = self._finished[turn.turn_id]
            if done.attempt != turn.attempt:
                return Finished(False)
            return Finished(done.accepted, done.entries, self._cases.get(done.case_id))
        if not conversation.turns or conversation.turns[0].turn_id != turn.turn_id:
            return Finished(False)
        first = len(conversation.log)
        if annotation is not None:
            data = {"about": turn.seq, "understanding": annotation}
            self._append(conversation, EntryKind.ANNOTATION, Author.BOT, data=data)
        accepted = conversation.owner == BOT and conversation.epoch == turn.epoch
        case = None
        if accepted:
            for reply in replies:
                self._append(conversation, EntryKind.MESSAGE, Author.BOT, reply.text, data=reply.data)
            case = self._open_case_of(conversation)
            if new_case is not None and case is None:
                case = self._enqueue(conversation, new_case)
            elif new_case is not None and otherwise and case is not None:
                self._notice(conversation, "unavailable", otherwise, case)
            elif unstaffed and case is None:
                data = {"kind": "notice", "notice": "unstaffed"}
                self._append(conversation, EntryKind.MESSAGE, Author.SYSTEM, unstaffed, data=data)
            if turn.outcome and turn.outcome == conversation.outcome:
                conversation.outcome = ""
        else:
            data = {"about": turn.seq, "turn_id": turn.turn_id, "texts": [reply.text for reply in replies]}
            self._append(conversation, EntryKind.FENCED, Author.BOT, data=data)
        entries = tuple(conversation.log[first:])
        self._finished[turn.turn_id] = Done(turn.attempt, accepted, entries, case.case_id if case else "")
        self._pop(conversation)
        return Finished(accepted, entries, case)

    async def renew(self, worker_id: str, turns: Sequence[Turn]) -> None:
        for turn in turns:
            claim = self._claims.get(turn.conversation_id)
            if claim is not None and claim.worker_id == worker_id:
                claim.renewed = time.monotonic()

    # --- inside

    def _release(self, conversation_id: str) -> None:
        self._ready.append(conversation_id)
        self._wake.set()

    def _pop(self, conversation: Conversation) -> None:
        """The head turn is done: forget its claim and let the next one be claimed."""
        conversation.turns.popleft()
        self._claims.pop(conversation.conversation_id, None)
        if conversation.turns:
            self._release(conversation.conversation_id)

    def _claim(self, worker_id: str, lease_ms: int) -> Turn | None:
        now = time.monotonic()
        while True:
            dead = (one for one, claim in self._claims.items() if now - claim.renewed >= lease_ms / 1000)
            conversation_id = next(dead, "") or (self._ready.popleft() if self._ready else "")
            if not conversation_id:
                return None
            conversation = self._conversations[conversation_id]
            while conversation.turns:
                turn = conversation.turns[0]
                if conversation.owner == BOT and turn.epoch == conversation.epoch:
                    turn = replace(turn, attempt=turn.attempt + 1)
                    conversation.turns[0] = turn
                    self._claims[conversation_id] = Claim(worker_id, now)
                    case = self._open_case_of(conversation)
                    state = case.state.value if case is not None else "none"
                    vip = bool(conversation.profile.get("vip"))
                    return replace(turn, case_state=state, outcome=conversation.outcome, vip=vip)
                data = {"about": turn.seq, "turn_id": turn.turn_id, "texts": []}
                self._append(conversation, EntryKind.FENCED, Author.BOT, data=data)
                conversation.turns.popleft()
            self._claims.pop(conversation_id, None)
