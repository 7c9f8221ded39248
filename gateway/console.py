"""What all consoles share: the board (queue and colleagues, as shown) and the presence of the agents connected here.

The board reads queue and agents again after something moved (see follower), once for the whole process, and sends the
result to every console whose view it changes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from contracts.codec import encode
from contracts.conversation import DeskEvent
from gateway.follower import Follower
from gateway.people import Person
from gateway.relay import Inbox, Relay
from handoff.desk import Desk
from handoff.errors import DeskError, NotAllowed, NotFound
from handoff.model import Agent, AgentStatus, Case, Glance
from handoff.sla import Deadline

log = logging.getLogger("jiehua.console")

# Consoles show the head of a long queue; the rest would cost every agent a large frame at each change.
QUEUE_SHOWN = 200
# A page that reloads is away for a moment; only after this long is its agent away.
RELOAD_S = 3.0


def case_view(desk: Desk, case: Case, glance: Glance | None) -> dict[str, Any]:
    """A `CaseView` of the live protocol."""
    seen = glance or Glance(conversation_id=case.conversation_id)
    deadlines = desk.deadlines(case, seen)
    answer, resolution = deadlines.get("answer", Deadline()), deadlines.get("resolution", Deadline())
    return {
        "case_id": case.case_id,
        "conversation_id": case.conversation_id,
        "state": case.state.value,
        "reason": case.reason.value,
        "evidence": encode(case.evidence),
        "priority": case.priority,
        "group": case.group,
        "enqueued_ms": case.enqueued_ms,
        "offer_deadline_ms": case.offer_deadline_ms,
        "offered_to": case.offered_to,
        "agent_id": case.agent_id,
        "accepted_ms": case.accepted_ms,
        "epoch": seen.epoch,
        "attempts": case.attempts,
        "problem": case.problem,
        "problem_seq": case.problem_seq,
        "note": case.note,
        "last_text": seen.last_text,
        "last_author": seen.last_author,
        "last_seq": seen.last_seq,
        "owed_since_ms": seen.owed_since_ms,
        "answer_warn_ms": answer.warn_ms,
        "answer_due_ms": answer.due_ms,
        "resolution_warn_ms": resolution.warn_ms,
        "resolution_due_ms": resolution.due_ms,
        "customer": seen.customer,
    }


def agent_view(agent: Agent) -> dict[str, Any]:
    """An `AgentView` of the live protocol; who has no console open is shown as offline, whatever they last chose."""
    return {
        "agent_id": agent.agent_id,
        "display": agent.display,
        "status": AgentStatus.OFFLINE.value if agent.away else agent.status.value,
        "load": agent.load,
        "cap": agent.cap,
        "groups": list(agent.groups),
        "last_heard_ms": agent.last_heard_ms,
    }


async def case_views(desk: Desk, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """The views of several cases, with one reading of their conversations."""
    if not cases:
        return []
    glances = await desk.glance([case.conversation_id for case in cases])
    known = {glance.conversation_id: glance for glance in glances}
    return [case_view(desk, case, known.get(case.conversation_id)) for case in cases]


class Board(Follower):
    """Queue and agents as every console shows them."""

    def __init__(self, desk: Desk, relay: Relay) -> None:
        super().__init__(relay)
        self._desk = desk
        self._queue: list[dict[str, Any]] = []
        self._agents: list[dict[str, Any]] = []
        self._queued: frozenset[str] = frozenset()
        self._stale_queue = True
        self._stale_agents = True

    async def lists(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """(queue, agents) as they are now."""
        await self._read()
        return self._queue, self._agents

    @contextlib.contextmanager
    def console(self, inbox: Inbox) -> Iterator[None]:
        """While inside, changes of the lists are put into the inbox as frames."""
        self._consoles.add(inbox)
        try:
            yield
        finally:
            self._consoles.discard(inbox)

    def _touches(self, event: DeskEvent) -> bool:
        if event.kind in ("queue", "resync"):
            self._stale_queue = self._stale_agents = True
        elif event.kind == "agent":
            self._stale_agents = True
        elif event.kind in ("entry", "conversation") and event.conversation_id in self._queued:
            self._stale_queue = True
        else:
            return False
        return True

    async def _read(self) -> None:
        """Read what is stale; send what differs."""
        async with self._reading:
            if self._stale_queue:
                self._stale_queue = False
                try:
                    cases = (await self._desk.queue())[:QUEUE_SHOWN]
                    views = await case_views(self._desk, cases)
                except BaseException:
                    self._stale_queue = True
                    raise
                self._queued = frozenset(case.conversation_id for case in cases)
                if views != self._queue:
                    self._queue = views
                    self._tell({"type": "queue", "queue": views})
            if self._stale_agents:
                self._stale_agents = False
                try:
                    agents = [agent_view(agent) for agent in await self._desk.agents()]
                except BaseException:
                    self._stale_agents = True
                    raise
                if agents != self._agents:
                    self._agents = agents
                    self._tell({"type": "agents", "agents": agents})


class Presence:
    """Agents connected to this process: there with the first socket, heard of while one is open, then away."""

    def __init__(
        self,
        desk: Desk,
        *,
        heartbeat_s: float,
        known: Callable[[str], Awaitable[Person | None]],
        reload_s: float = RELOAD_S,
    ) -> None:
        """`known` looks a person up as they are now."""
        self._desk = desk
        self._known = known
        self._heartbeat_s = heartbeat_s
        self._reload_s = reload_s
        self._sockets: Counter[str] = Counter()
        self._people: dict[str, Person] = {}
        self._leaving: dict[str, asyncio.Task[None]] = {}
        self._looking: set[asyncio.Task[None]] = set()
        self._changed: set[str] = set()  # looked up again with the next heartbeat, should it fail at once
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin the heartbeats."""
        self._task = asyncio.create_task(self._beat())

    async def close(self) -> None:
        """Stop the heartbeats. Agents are not marked away: they come back to a gateway, or the sweep finds out."""
        tasks = [task for task in (self._task, *self._leaving.values(), *self._looking) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def enter(self, person: Person) -> str:
        """One more socket of this person; returns their status. Call `leave` for each `enter`, even a failed one."""
        self._sockets[person.name] += 1
        self._people[person.name] = person
        going = self._leaving.pop(person.name, None)
        if going is not None:
            going.cancel()
        return (await self._online(person)).status.value

    def look_again(self, name: str = "") -> None:
        """Groups or capacity of this person may have changed (""; of anybody): tell the desk of those who are here."""
        for one in [name] if name else list(self._people):
            if one in self._people:
                self._changed.add(one)
                task = asyncio.create_task(self._again(one))
                self._looking.add(task)
                task.add_done_callback(self._looking.discard)

    async def _again(self, name: str) -> None:
        person, before = await self._known(name), self._people.get(name)
        if person is not None and before is not None and person != before:
            await self._online(person)
            self._people[name] = person
        self._changed.discard(name)

    def leave(self, name: str, *, at_once: bool = False) -> None:
        """One socket less; after the last the agent is away, a moment later unless `at_once`."""
        self._sockets[name] -= 1
        if self._sockets[name] > 0:
            return
        del self._sockets[name]
        self._people.pop(name, None)
        self._leaving[name] = asyncio.create_task(self._away(name, 0 if at_once else self._reload_s))

    async def _online(self, person: Person) -> Agent:
        return await self._desk.agent_online(
            person.name,
            display=person.display,
            groups=person.groups or ("default",),
            cap=person.cap,
            levels=person.levels,
        )

    async def _away(self, name: str, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        self._leaving.pop(name, None)
        try:
            await self._desk.agent_offline(name)
        except DeskError as error:  # the sweep gives the agent up when they stay unheard
            log.warning("cannot mark an agent away: %s", type(error).__name__)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat_s)
            for person in list(self._people.values()):
                try:
                    if person.name in self._changed:
                        await self._again(person.name)
                    await self._desk.heartbeat(person.name)
                except NotFound:
                    with contextlib.suppress(DeskError):
                        await self._online(person)
                except NotAllowed:
                    continue  # they have left for good, and their socket is about to end
                except DeskError as error:
                    log.warning("no heartbeat: %s", type(error).__name__)
                    break
