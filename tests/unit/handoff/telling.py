"""Stories over the memory backend, told in words; the reports count what came of them."""

from __future__ import annotations

from contracts.answer import Answer, Candidate, Finding, Outcome
from contracts.turn import BotMessage, TurnResult
from contracts.understanding import Intent, Understanding
from handoff.desk import Desk
from handoff.errors import DeskError
from handoff.memory import MemoryBackend
from handoff.model import AgentStatus, Thread

MINUTE = 60_000
HOUR = 60 * MINUTE
MONDAY = 1_800_000_000_000


class Story:
    """A desk, a clock, and two agents; each sentence takes a minute unless time is told to pass."""

    def __init__(self) -> None:
        self.now_ms = MONDAY
        self.desk = Desk(MemoryBackend(lambda: self.now_ms))
        self._keys = 0

    async def begin(self, *customers: str) -> Story:
        for who in customers or ("ann",):
            await self.desk.open(who)
        await self.present("wang", "li")
        return self

    async def present(self, *agents: str) -> None:
        for name in agents:
            await self.desk.agent_online(name, display=name, cap=3, status=AgentStatus.READY)
            self.now_ms += 1

    def key(self) -> str:
        self._keys += 1
        return f"k{self._keys}"

    def pass_time(self, ms: int) -> None:
        self.now_ms += ms

    async def ask(
        self, text: str, outcome: str, entry_id: str = "refund", who: str = "ann", intent: str = "faq"
    ) -> int:
        """The customer says something; the bot answers, clarifies, misses, chats, or ("none") says nothing."""
        self.now_ms += MINUTE
        said = await self.desk.say(who, key=self.key(), text=text)
        turn = await self.desk.claim_turn("w", wait_ms=0)
        if turn is None or outcome == "none":
            return said.seq
        question = f"{entry_id}怎么办"
        message = {
            "answer": BotMessage("答", kind="answer", answer=Answer(entry_id, question, "答", f"{entry_id}类", "")),
            "clarify": BotMessage("您是想问", kind="clarify"),
        }.get(outcome, BotMessage("嗯"))
        found = {"answer": Outcome.ANSWER, "clarify": Outcome.CLARIFY, "miss": Outcome.MISS}.get(outcome)
        candidates = (Candidate(entry_id, question, question, 0.5, 0.5, 0.5),) if entry_id else ()
        finding = Finding(found, candidates, "v1") if found is not None else None
        result = TurnResult((message,), Understanding(Intent(intent, 0.9), finding=finding))
        await self.desk.finish_turn(turn, result)
        return said.seq

    async def call(self, who: str = "ann") -> str:
        self.now_ms += MINUTE
        return (await self.desk.request_human(who, key=self.key())).case_id

    async def accept(self, case_id: str) -> str:
        self.now_ms += MINUTE
        agent = (await self.desk.case(case_id)).offered_to
        await self.desk.accept(agent, case_id)
        return agent

    async def reply(self, who: str = "ann") -> None:
        self.now_ms += MINUTE
        view = await self.desk.conversation(who)
        await self.desk.agent_say(view.agent_id, who, key=self.key(), text="您好", epoch=view.epoch)

    async def resolve(self, case_id: str) -> None:
        self.now_ms += MINUTE
        await self.desk.resolve((await self.desk.case(case_id)).agent_id, case_id, outcome={"reason": "done"})

    async def vote(self, seq: int, useful: bool, who: str = "ann") -> None:
        self.now_ms += MINUTE
        await self.desk.feedback(who, key=self.key(), seq=seq, useful=useful)

    async def rate(self, score: int, stretch: str = "", who: str = "ann") -> None:
        self.now_ms += MINUTE
        await self.desk.rate(who, key=self.key(), score=score, stretch=stretch)

    async def last(self, who: str = "ann") -> int:
        return (await self.desk.conversation(who)).last_seq

    async def threads(self, *customers: str) -> list[Thread]:
        found = []
        for who in customers or ("ann",):
            entries = await self.desk.log(who, limit=1000)
            found.append(Thread(who, tuple(entries), tuple(await self.desk.cases_of(who))))
        return found

    async def anything(self, what: str, who: str) -> None:
        """One step of a random story; what is not possible now is left undone."""
        view = await self.desk.conversation(who)
        case_id, key = view.case_id, self.key()
        steps = {
            "answered": lambda: self.ask("退款", "answer", who=who),
            "missed": lambda: self.ask("火星", "miss", who=who),
            "silent": lambda: self.ask("在吗", "none", who=who),
            "call": lambda: self.call(who),
            "accept": lambda: self.accept(case_id),
            "reply": lambda: self.reply(who),
            "resolve": lambda: self.resolve(case_id),
            "cancel": lambda: self.desk.cancel_wait(who),
            "leave": lambda: self.desk.leave_message(who, key=key, text="请回电"),
            "vote": lambda: self.vote(max(view.last_seq, 1), False, who),
            "rate": lambda: self.rate(4, case_id, who),
            "transfer": lambda: self.desk.transfer(view.agent_id, case_id, note="请看", to_group="default"),
        }
        if what == "pause":
            self.pass_time(40 * HOUR)
            return
        try:
            await steps[what]()
        except DeskError:
            return


STEPS = ("answered", "missed", "silent", "call", "accept", "reply", "resolve", "cancel", "leave", "vote", "rate")
STEPS += ("transfer", "pause")
