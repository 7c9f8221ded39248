"""The floor as supervisors see it: every chat in somebody's hands and every message left, live.

One subscription of the process tells which cases moved; those alone are read again, at most every `EVERY_S`, once for
all consoles. Each difference gets the next number. A console begins with the whole and a number, or names the number it
has and gets what came after it; what it holds plus what came is what a fresh one would get.
"""

from __future__ import annotations

import contextlib
import secrets
from collections import deque
from typing import Any

from contracts.conversation import DeskEvent
from gateway.console import case_views
from gateway.follower import Follower
from gateway.relay import Inbox, Relay
from handoff.desk import Desk
from handoff.errors import NotFound
from handoff.model import Case, CaseState

#: Chats, and messages left, that a reading of everything takes; beyond that the longest running are shown.
MOST = 2000
#: A console that was away for no more than so many differences need not begin anew.
REMEMBERED = 512

View = dict[str, Any]


class Floor(Follower):
    """The floor of one process; its numbers mean nothing to another, so each has a name."""

    def __init__(self, desk: Desk, relay: Relay) -> None:
        super().__init__(relay)
        self.name = secrets.token_hex(6)
        self._desk = desk
        self._views: dict[str, View] = {}
        self._case_of: dict[str, str] = {}  # conversation id -> case id
        self._number = 1  # 0 is what a page has that has nothing
        self._changes: deque[View] = deque(maxlen=REMEMBERED)
        self._touched: set[str] = set()
        self._all_stale = True

    async def enter(self, inbox: Inbox, *, floor: str, after: int) -> None:
        """Put what a console lacks that has number `after` of `floor` into its inbox, and every later difference."""
        await self._read()
        missed = [change for change in self._changes if change["id"] > after]
        known = floor == self.name and 0 < after <= self._number and len(missed) == self._number - after
        for frame in missed if known else [self._whole()]:
            inbox.put(frame)
        self._consoles.add(inbox)

    def leave(self, inbox: Inbox) -> None:
        """The console looks elsewhere; with nobody looking nothing is read."""
        self._consoles.discard(inbox)
        if not self._consoles:
            self._all_stale = True

    def _whole(self) -> View:
        return self._frame(list(self._views.values()), [], whole=True)

    def _frame(self, cases: list[View], gone: list[str], *, whole: bool) -> View:
        return {"type": "floor", "floor": self.name, "id": self._number, "cases": cases, "gone": gone, "whole": whole}

    def _touches(self, event: DeskEvent) -> bool:
        if event.kind == "sla":
            self._tell({"type": "sla", "conversation_id": event.conversation_id, **event.data})
            return False
        if event.kind == "resync":
            self._all_stale = True
        elif self._all_stale:
            return False
        elif event.kind == "queue":
            self._touched.add(event.data.get("case_id") or self._case_of.get(event.conversation_id, ""))
        elif event.kind in ("entry", "conversation") and event.conversation_id in self._case_of:
            self._touched.add(self._case_of[event.conversation_id])
        else:
            return False
        return True

    async def _read(self) -> None:
        """Read what moved, number the difference and tell it."""
        async with self._reading:
            whole, self._all_stale = self._all_stale, False
            touched, self._touched = self._touched, set()
            try:
                cases = await self._everything() if whole else await self._cases(touched)
                views = {view["case_id"]: view for view in await case_views(self._desk, cases)}
            except BaseException:
                self._all_stale = True
                raise
            here = {case.case_id for case in cases if _belongs(case)}
            gone = [one for one in (self._views if whole else touched) if one in self._views and one not in here]
            changed = [views[one] for one in here if self._views.get(one) != views[one]]
            if changed or gone:
                self._take(changed, gone)

    async def _everything(self) -> list[Case]:
        return [*await self._desk.active_cases(MOST), *await self._desk.messages_left(MOST)]

    async def _cases(self, case_ids: set[str]) -> list[Case]:
        found = []
        for case_id in case_ids - {""}:
            with contextlib.suppress(NotFound):
                found.append(await self._desk.case(case_id))
        return found

    def _take(self, changed: list[View], gone: list[str]) -> None:
        for case_id in gone:
            view = self._views.pop(case_id)
            if self._case_of.get(view["conversation_id"]) == case_id:
                del self._case_of[view["conversation_id"]]
        for view in changed:
            self._views[view["case_id"]] = view
            self._case_of[view["conversation_id"]] = view["case_id"]
        self._number += 1
        frame = self._frame(changed, gone, whole=False)
        self._changes.append(frame)
        self._tell(frame)


def _belongs(case: Case) -> bool:
    """In somebody's hands, or left as a message that nobody has answered."""
    return case.state is CaseState.MESSAGE_LEFT or (case.state.is_open and bool(case.agent_id))
