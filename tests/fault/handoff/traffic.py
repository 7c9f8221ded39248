"""A shop in full swing whose every request is sent again until it is answered, and what must hold of it afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from typing import TypeVar

from contracts.conversation import Author, Entry, EntryKind
from contracts.escalation import Escalation, Reason
from contracts.turn import BotMessage, TurnRequest, TurnResult
from gateway.settings import Settings
from gateway.turns import TurnWorker
from handoff.desk import Desk
from handoff.errors import BackendUnavailable, DeskError
from handoff.lifecycle import TRANSITIONS, Verb
from handoff.model import AgentStatus, Case, CaseState
from handoff.policy import DeskPolicy
from handoff.redis.backend import RedisBackend

T = TypeVar("T")

# Short, so that leases end, offers lapse and agents get lost within a test.
POLICY = DeskPolicy(offer_ms=250, grace_ms=900, outage_ms=400, lease_ms=300, retry_ms=50, max_attempts=10_000)
COMMAND_S = 0.25
CUSTOMERS, AGENTS, MESSAGES = 8, 3, 15
END_S = 60.0


class Traffic:
    """Customers, workers and agents over one Redis, as in separate processes; chance decides who does what when."""

    def __init__(self, url: str, tenant: str, chance: random.Random) -> None:
        self._url, self._tenant, self._chance = url, tenant, chance
        self.desk = self.make_desk()
        self.said: defaultdict[str, list[tuple[str, int, bool]]] = defaultdict(list)  # (text, seq, turn queued)
        self.answered: list[tuple[str, str, int]] = []  # what agents were told is said: (conversation, text, seq)
        self._open = True

    def make_desk(self) -> Desk:
        return Desk(RedisBackend(self._url, self._tenant, command_seconds=COMMAND_S), POLICY)

    async def run(self, fault: Callable[[Traffic], Awaitable[None]]) -> None:
        """Everybody at once, with the fault in their midst, until every customer has an answer to everything."""
        desks = [self.make_desk() for _ in range(6)]
        settings = Settings(worker_concurrency=4, sweep_s=0.05)
        workers = [TurnWorker(desk, Bot(self._chance), settings) for desk in desks[:2]]
        working = [asyncio.create_task(worker.run()) for worker in workers]
        serving = [asyncio.create_task(self._agent(desks[2], f"agent{number}")) for number in range(AGENTS)]
        failing = asyncio.create_task(fault(self))  # type: ignore[arg-type]
        try:
            async with asyncio.timeout(END_S):
                await asyncio.gather(
                    *(self._customer(desks[3 + number % 3], f"c{number}") for number in range(CUSTOMERS))
                )
                await failing
                await self._settled()
        finally:
            self._open = False
            for worker in workers:
                worker.stop()
            failing.cancel()
            await asyncio.gather(*working, *serving)
            for desk in desks:
                await desk.close()

    async def persist(self, call: Callable[[], Awaitable[T]]) -> T:
        """Send the same request until something is known of it, as every client does."""
        while True:
            try:
                return await call()
            except BackendUnavailable:
                await asyncio.sleep(0.02)

    # --- who takes part

    async def _pause(self, most_s: float) -> None:
        await asyncio.sleep(self._chance.random() * most_s)

    async def _customer(self, desk: Desk, who: str) -> None:
        await self.persist(lambda: desk.open(who))
        for number in range(MESSAGES):
            text = f"{who} 第{number}句"
            said = await self.persist(lambda n=number, t=text: desk.say(who, key=f"k{n}", text=t))
            self.said[who].append((text, said.seq, said.turn_queued))
            await self._pause(0.15)
            with contextlib.suppress(DeskError):
                match self._chance.randrange(12):
                    case 0 | 1:
                        await self.persist(lambda n=number: desk.request_human(who, key=f"r{n}"))
                    case 2:
                        await self.persist(lambda: desk.cancel_wait(who))
                    case 3:
                        await self.persist(lambda n=number: desk.leave_message(who, key=f"l{n}", text="请回电"))

    async def _agent(self, desk: Desk, name: str) -> None:
        keys = 0
        while self._open:
            with contextlib.suppress(DeskError):
                if self._chance.random() < 0.1:
                    await desk.agent_online(name, display=name, cap=3, status=AgentStatus.READY)
                await desk.heartbeat(name)
                for case in await desk.agent_cases(name):
                    keys += 1
                    await self._serve(desk, name, case, f"{name}-{keys}")
            await self._pause(0.05)

    async def _serve(self, desk: Desk, name: str, case: Case, key: str) -> None:
        dice = self._chance.random()
        with contextlib.suppress(DeskError):
            if case.offered_to == name:
                if dice < 0.7:
                    await self.persist(lambda: desk.accept(name, case.case_id))
                elif dice < 0.8:
                    await desk.decline(name, case.case_id)
            elif case.state is CaseState.ACTIVE:
                view = await desk.conversation(case.conversation_id)
                said = await self.persist(
                    lambda: desk.agent_say(name, case.conversation_id, key=key, text=key, epoch=view.epoch)
                )
                self.answered.append((case.conversation_id, key, said.seq))
                if dice < 0.1:
                    await desk.transfer(name, case.case_id, note="请看", to_group="default")
                elif dice < 0.2:
                    other = f"agent{self._chance.randrange(AGENTS)}"
                    await desk.transfer(name, case.case_id, note="请看", to_agent=other)
                elif dice < 0.3:
                    await self.persist(lambda: desk.take_over(name, case.case_id))
                elif dice < 0.6:
                    await self.persist(lambda: desk.wrap_up(name, case.case_id))
                elif dice < 0.8:
                    await self.persist(lambda: desk.resolve(name, case.case_id, outcome={"reason": "done"}))
            elif case.state is CaseState.WRAP_UP and dice < 0.5:
                await self.persist(lambda: desk.resolve(name, case.case_id, outcome={"reason": "done"}))

    async def _settled(self) -> None:
        """Wait until nothing is owed to anybody by the bot."""
        while True:
            logs = {who: await self.persist(lambda w=who: self.desk.log(w, limit=1000)) for who in self.said}
            if all(_turns_done(self.said[who]) <= _turns_seen(logs[who]) for who in self.said):
                return
            await asyncio.sleep(0.05)

    # --- what must hold

    async def check(self) -> None:
        """Nothing lost, nothing doubled, the order kept, one owner at a time, no bot after a person."""
        kinds: Counter[str] = Counter()
        for who, said in self.said.items():
            log = await self.desk.log(who, limit=1000)
            assert len(log) < 1000
            assert [entry.seq for entry in log] == list(range(1, len(log) + 1)), "a gap in the numbers"
            spoken = [(e.text, e.seq) for e in log if _is_message(e, Author.CUSTOMER) and "left" not in e.data]
            assert spoken == [(text, seq) for text, seq, _ in said], "what the customer was told is said"
            self._check_turns(log, _turns_done(said))
            self._check_cases(log)
            kinds.update(entry.data.get("verb", entry.kind.value) for entry in log)
        for conversation_id, text, seq in set(self.answered):
            log = await self.desk.log(conversation_id, limit=1000)
            assert [entry.seq for entry in log if entry.text == text] == [seq], "what the agent was told is said"
        await self._check_agents()
        await self._check_outbox()
        # A story in which nothing happened would prove nothing.
        assert kinds["open"] >= 3, kinds
        assert kinds["accept"] >= 2, kinds

    def _check_turns(self, log: list[Entry], queued: set[int]) -> None:
        replies = [e.data["about"] for e in log if _is_message(e, Author.BOT)]
        fenced = [e.data["about"] for e in log if e.kind is EntryKind.FENCED]
        assert replies == sorted(set(replies)), "an answer twice, or out of order"
        assert sorted(replies + fenced) == sorted(queued), "each turn ends once: answered or fenced"

    def _check_cases(self, log: list[Entry]) -> None:
        states: dict[str, CaseState] = {}
        with_agent = False
        for entry in log:
            if entry.kind is EntryKind.CASE:
                case_id, verb = entry.data["case_id"], entry.data["verb"]
                if verb == "open":
                    assert not any(state.is_open for state in states.values()), "two open cases at once"
                    states[case_id] = CaseState.WAITING
                else:
                    states[case_id] = TRANSITIONS[states[case_id], Verb(verb)]
                assert states[case_id].value == entry.data["state"]
                if verb in ("accept", "take_over"):
                    with_agent = True
                elif verb in ("resolve", "transfer_group", "lose"):
                    with_agent = False
            elif entry.data.get("notice") == "lost":
                with_agent = False
            assert not (with_agent and _is_message(entry, Author.BOT)), "the bot spoke after a person had accepted"
            assert not (not with_agent and _is_message(entry, Author.AGENT)), "who does not own it spoke"

    async def _check_agents(self) -> None:
        held: defaultdict[str, list[str]] = defaultdict(list)
        for agent in await self.desk.agents():
            cases = await self.desk.agent_cases(agent.agent_id)
            assert agent.load == len(cases) <= agent.cap + 3, "a take-over may exceed the cap, nothing else"
            for case in cases:
                if case.agent_id == agent.agent_id:
                    held[case.case_id].append(agent.agent_id)
        assert all(len(owners) == 1 for owners in held.values()), "two owners"
        for who in self.said:
            view = await self.desk.conversation(who)
            assert (view.owner == "agent") == bool(view.agent_id)
            if view.agent_id:
                assert held[view.case_id] == [view.agent_id]

    async def _check_outbox(self) -> None:
        """What goes to the archive is what is in the logs."""
        parcels = await self.desk._backend.outbox.take(100_000, wait_ms=0)
        for who in self.said:
            entries = [p.content for p in parcels if p.conversation_id == who and isinstance(p.content, Entry)]
            assert entries == await self.desk.log(who, limit=1000)


class Bot:
    """Answers everything, sometimes late, sometimes by calling a person."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    async def turn(self, request: TurnRequest) -> TurnResult:
        await asyncio.sleep(self._chance.random() ** 4 * 0.4)  # now and then longer than the lease
        escalation = Escalation(Reason.ANGER) if self._chance.random() < 0.2 else None
        return TurnResult((BotMessage(f"答{request.text}"),), escalation=escalation)


def _is_message(entry: Entry, author: Author) -> bool:
    return entry.kind is EntryKind.MESSAGE and entry.author is author and "answers" not in entry.data


def _turns_done(said: list[tuple[str, int, bool]]) -> set[int]:
    return {seq for _, seq, queued in said if queued}


def _turns_seen(log: list[Entry]) -> set[int]:
    return {e.data["about"] for e in log if _is_message(e, Author.BOT) or e.kind is EntryKind.FENCED}
