"""A month of a shop's conversations in an archive, told through the real desk: what the knowledge pages read."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from contracts.answer import Answer, Candidate, Finding, Outcome
from contracts.turn import BotMessage, TurnResult
from contracts.understanding import Entity, Intent, Sentiment, Understanding
from handoff.archive import Archive, Archiver, archive_url
from handoff.desk import Desk
from handoff.memory import MemoryBackend
from handoff.model import AgentStatus
from language.normalise import normalise

DAY_MS = 86_400_000
CALM = Sentiment("neutral", 0.1, 0.8, 0.1, 0.1, 0.0, 0.0)
CROSS = Sentiment("negative", 0.8, 0.2, 0.0, 1.8, 0.2, 0.0)
PARKING = ("门店能停车吗", "你们店里有停车位吗", "停车要不要钱", "开车过来有地方停车吗")
PARKING_ANSWER = "有地下车库，消费满 100 元免费停两小时，请在收银台登记车牌。"
#: Agents and their groups.
STAFF = {"wang": ("default",), "li": ("default", "物流")}
#: (question, entry that answers or comes nearest, its question, outcome, product named, cross)
TOLD = (
    ("退款多久能到", "refund-arrival-time", "退款多久到账", "answer", "", False),
    ("我的钱怎么还没退回来", "refund-arrival-time", "退款多久到账", "answer", "", True),
    ("快递三天没动了", "logistics-stuck", "物流很久没更新怎么办", "answer", "电饭煲", True),
    ("什么时候发货", "order-ship-time", "下单后多久发货", "answer", "空气炸锅", False),
    ("发票怎么开", "invoice-apply", "怎么开发票", "answer", "", False),
    ("这个空气炸锅噪音正常吗", "product-noise", "机器有声音正常吗", "clarify", "空气炸锅", False),
    ("怎么退货", "return-apply", "怎么申请退货", "answer", "", False),
)


class Month:
    """A desk on a clock of its own."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms - 28 * DAY_MS
        self.backend = MemoryBackend(lambda: self.now_ms)
        self.desk = Desk(self.backend)
        self._keys = 0

    def key(self) -> str:
        self._keys += 1
        return f"k{self._keys}"

    async def ask(
        self, who: str, text: str, near: tuple[str, str], outcome: Outcome, product: str = "", cross: bool = False
    ) -> int:
        """A customer asks and the bot answers, asks back or admits a miss; returns the number of what it said."""
        await self.desk.open(who)
        await self.desk.say(who, key=self.key(), text=text)
        turn = await self.desk.claim_turn("w", wait_ms=0)
        assert turn is not None
        at = text.find(product) if product else -1
        entities = (Entity("product", product, at, at + len(product)),) if at >= 0 else ()
        candidate = Candidate(near[0], near[1], near[1], 0.8, 0.8, 0.6)
        answer = Answer(near[0], near[1], "答", "", "2026-10-01")
        messages = {
            Outcome.ANSWER: BotMessage("答", kind="answer", answer=answer),
            Outcome.CLARIFY: BotMessage("您想问的是哪一个？", kind="clarify"),
            Outcome.MISS: BotMessage("抱歉，这个问题我暂时没找到准确的答案。"),
        }
        understanding = Understanding(
            Intent("faq", 0.9),
            entities=entities,
            sentiment=CROSS if cross else CALM,
            finding=Finding(outcome, (candidate,) if near[0] else (), "v"),
        )
        finished = await self.desk.finish_turn(turn, TurnResult((messages[outcome],), understanding))
        return finished.entries[-1].seq

    async def staffed(self, status: AgentStatus) -> None:
        """Everybody is heard of and takes work, or rests."""
        for name, groups in STAFF.items():
            await self.desk.agent_online(name, display=name, groups=groups, cap=5)
            await self.desk.set_status(name, status)

    async def answered_by_a_person(self, who: str, reply: str, *, wait_ms: int = 0, score: int = 0) -> None:
        """The customer calls a person, waits, is answered, and may say how it was."""
        await self.staffed(AgentStatus.BREAK)
        case = await self.desk.request_human(who, key=self.key())
        self.now_ms += wait_ms
        taking = list(STAFF)[self.now_ms // (2 * DAY_MS) % len(STAFF)]
        await self.desk.set_status(taking, AgentStatus.READY)
        agent = (await self.desk.case(case.case_id)).offered_to
        view = await self.desk.accept(agent, case.case_id)
        self.now_ms += 4 * 60_000
        await self.desk.agent_say(agent, who, key=self.key(), text=reply, epoch=view.epoch)
        self.now_ms += 60_000
        await self.desk.resolve(agent, case.case_id, outcome={"reason": "done"})
        if score:
            await self.desk.rate(who, key=self.key(), score=score, stretch=case.case_id)

    async def gives_up(self, who: str, wait_ms: int) -> None:
        """The customer calls a person, and does not wait for one."""
        await self.staffed(AgentStatus.BREAK)
        await self.desk.request_human(who, key=self.key())
        self.now_ms += wait_ms
        await self.desk.cancel_wait(who)

    async def live(self) -> None:
        """Four weeks: what the base knows every day, the car park on most, and more of both at weekends."""
        for day in range(28):
            morning = self.now_ms
            await self.staffed(AgentStatus.READY)
            busy = 3 if day % 7 in (5, 6) else 1
            for number in range(busy + day // 9):
                text, entry_id, question, outcome, product, cross = TOLD[(day + 3 * number) % len(TOLD)]
                self.now_ms += 20 * 60_000
                who = f"c{day}-{number}"
                seq = await self.ask(who, text, (entry_id, question), Outcome(outcome), product, cross)
                if cross:
                    await self.desk.feedback(who, key=self.key(), seq=seq, useful=False)
            if day % 3 != 1:
                who = f"p{day}"
                await self.ask(who, PARKING[day % len(PARKING)], ("service-hours", "几点营业"), Outcome.MISS)
                if day % 2:
                    waited = (day % 5 + 1) * 25_000
                    await self.answered_by_a_person(who, PARKING_ANSWER, wait_ms=waited, score=(day * 7) % 6)
            if day % 5 == 3:
                await self.desk.open(f"g{day}")
                await self.gives_up(f"g{day}", (day % 4 + 1) * 60_000)
            if day % 10 == 4:
                who = f"o{day}"
                await self.ask(who, f"帮我查 SG2026110300{day} 用 13812345678 寄到火星吗", ("", ""), Outcome.MISS)
            self.now_ms = morning + DAY_MS


async def _fill(data: Path, now_ms: int) -> None:
    month = Month(now_ms)
    await month.live()
    archive = Archive(archive_url(data), fold=normalise)
    archive.prepare()
    archiver = Archiver(month.backend.outbox, archive, linger_s=0)
    while await month.backend.outbox.backlog():
        await archiver.step()
    archive.close()


def fill_archive(data: Path, now_ms: int | None = None) -> None:
    """Put the month before `now_ms` into the archive of a data folder."""
    until_ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    # In a thread: Playwright keeps an event loop in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(_fill(data, until_ms))).result()
