"""Clocks of the memory backend: the twin of `prelude_clocks.lua` and the scripts that use it."""

from __future__ import annotations

from collections.abc import Sequence

from handoff.memory.routing import Routing
from handoff.model import OPEN_STATES
from handoff.ports import Due, Late
from handoff.sla import Clock, Look, Stage, What


class Clocks(Routing):
    """What clocks tell."""

    async def due(self, *, grace_ms: int, outage_ms: int, offer_ms: int, limit: int) -> Due:
        due = await super().due(grace_ms=grace_ms, outage_ms=outage_ms, offer_ms=offer_ms, limit=limit)
        now = self._now()
        ripe = sorted((at_ms, f"{what}:{case_id}") for (what, case_id), at_ms in self._clocks.items() if at_ms <= now)
        found = []
        for _, member in ripe[:limit]:
            what, _, case_id = member.partition(":")
            clock = self._clock(what, case_id)
            if clock is None:
                self._clocks.pop((what, case_id), None)
            else:
                found.append(clock)
        return Due(due.lapsed, due.lost, due.overflowing, due.now_ms, tuple(found))

    async def tell_clocks(self, looks: Sequence[Look]) -> list[bool]:
        return [self._tell_clock(look) for look in looks]

    async def late(self, limit: int) -> Late:
        ranked = sorted((due_ms, f"{what}:{case_id}") for (what, case_id), due_ms in self._late.items())
        found = []
        for due_ms, member in ranked[:limit]:
            what, _, case_id = member.partition(":")
            clock = self._clock(what, case_id)
            if clock is not None:
                found.append((clock, due_ms))
        return Late(len(ranked), tuple(found))

    def _tell_clock(self, look: Look) -> bool:
        one = look.clock
        kind = "resolution" if one.what is What.RESOLUTION else "answer"
        now = self._clock(kind, one.case_id)
        if now is None:
            self._stop_clock(kind, one.case_id)
            return False
        if (now.what, now.since_ms, now.stage) != (one.what, one.since_ms, one.stage):
            return False
        if look.next_ms:
            self._clocks[kind, one.case_id] = look.next_ms
        else:
            self._clocks.pop((kind, one.case_id), None)
        if look.stage <= one.stage:
            return False
        if kind == "answer":
            self._find(now.conversation_id).owed_stage = look.stage
        else:
            self._resolution_stages[one.case_id] = look.stage
        if look.stage is Stage.BREACHED:
            self._late[kind, one.case_id] = look.due_ms
        self._tell(
            *("sla", now.conversation_id, now.agent_id),
            case_id=one.case_id,
            what=one.what.value,
            stage=look.stage.name.lower(),
            since_ms=one.since_ms,
            due_ms=look.due_ms,
            group=now.group,
        )
        return True

    def _clock(self, kind: str, case_id: str) -> Clock | None:
        """A clock as it stands; None when it does not run any more."""
        case = self._cases.get(case_id)
        if case is None or case.state not in OPEN_STATES:
            return None
        what, since_ms = What.RESOLUTION, case.enqueued_ms
        stage = self._resolution_stages.get(case_id, Stage.RUNNING)
        if kind == "answer":
            conversation = self._find(case.conversation_id)
            if not conversation.owed_since_ms:
                return None
            what = What.FIRST if conversation.owed_first else What.NEXT
            since_ms, stage = conversation.owed_since_ms, conversation.owed_stage
        return Clock(case_id, case.conversation_id, what, since_ms, stage, case.group, case.priority, case.agent_id)
