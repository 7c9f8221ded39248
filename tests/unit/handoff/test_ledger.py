"""Each turn that a person owed an answer to is in the ledger once, and closed once."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.conversation import Author, Entry, EntryKind
from contracts.turn import BotMessage, TurnResult
from handoff.calendar import BusinessCalendar
from handoff.config.targets import Target
from handoff.desk import Desk
from handoff.errors import DeskError
from handoff.ledger import Closing, ledger, owners
from handoff.memory import MemoryBackend
from handoff.model import AgentStatus

MINUTE = 60_000


class Story:
    """One conversation over the memory backend, with a clock that moves a minute a step."""

    def __init__(self) -> None:
        self.now_ms = 1_800_000_000_000
        self.desk = Desk(MemoryBackend(lambda: self.now_ms))
        self.steps = 0

    async def begin(self) -> None:
        await self.desk.open("c")
        for name in ("wang", "li"):
            await self.desk.agent_online(name, display=name, cap=1, status=AgentStatus.READY)
            self.now_ms += 1

    async def step(self, what: str) -> None:
        self.now_ms += MINUTE
        self.steps += 1
        key = f"k{self.steps}"
        view = await self.desk.conversation("c")
        case = await self.desk.case(view.case_id) if view.case_id else None
        try:
            if what == "customer":
                await self.desk.say("c", key=key, text="在吗")
            elif what == "bot":
                turn = await self.desk.claim_turn("w", wait_ms=0)
                if turn is not None:
                    await self.desk.finish_turn(turn, TurnResult((BotMessage("答"),)))
            elif what == "call":
                await self.desk.request_human("c", key=key)
            elif what == "cancel":
                await self.desk.cancel_wait("c")
            elif what == "leave":
                await self.desk.leave_message("c", key=key, text="请回电")
            elif case is not None and what == "accept":
                await self.desk.accept(case.offered_to, case.case_id)
            elif case is not None and what == "agent":
                await self.desk.agent_say(view.agent_id, "c", key=key, text="您好", epoch=view.epoch)
            elif case is not None and what == "resolve":
                await self.desk.resolve(case.agent_id, case.case_id, outcome={})
            elif case is not None and what == "transfer":
                await self.desk.transfer(case.agent_id, case.case_id, note="n", to_group="default")
            elif case is not None and what == "lose":
                await self.desk.depart(case.agent_id or case.offered_to or "wang")
                for name in ("wang", "li"):
                    await self.desk.heartbeat(name)
                    await self.desk.set_status(name, AgentStatus.READY)
        except DeskError:
            return

    async def log(self) -> list[Entry]:
        return await self.desk.log("c", limit=1000)


def told(*steps: str) -> list[Entry]:
    async def tell() -> list[Entry]:
        story = Story()
        await story.begin()
        for step in steps:
            await story.step(step)
        return await story.log()

    return asyncio.run(tell())


def test_the_call_itself_is_owed_and_the_first_answer_closes_it():
    (row,) = ledger(told("customer", "call", "customer", "accept", "agent"))
    assert (row.first, row.owner, row.closing, row.closed_by) == (True, "", Closing.ANSWERED, "wang")
    assert row.took_ms == 3 * MINUTE
    assert len(row.seqs) == 2, "the message on top of the call is the same turn"


def test_neither_bot_nor_system_closes_an_owed_turn():
    (row,) = ledger(told("customer", "call", "customer", "bot", "accept"))
    assert row.closing is None
    assert row.is_late(row.since_ms + 2 * MINUTE)
    assert not row.is_late(row.since_ms + MINUTE)


def test_each_further_message_is_owed_by_the_agent_who_has_it():
    first, second = ledger(told("call", "accept", "agent", "customer", "customer", "agent"))
    assert (second.first, second.owner, second.closing, len(second.seqs)) == (False, "wang", Closing.ANSWERED, 2)
    assert first.closed_seq < second.seqs[0]


def test_the_end_of_the_case_closes_what_is_owed():
    for steps, closing in (
        (("call", "accept", "resolve"), Closing.CLOSED),
        (("call", "cancel"), Closing.ABANDONED),
        (("call", "leave"), Closing.MESSAGE_LEFT),
    ):
        (row,) = ledger(told(*steps))
        assert row.closing is closing


def test_after_the_case_nothing_is_owed():
    assert len(ledger(told("call", "accept", "agent", "resolve", "customer", "bot"))) == 1


def test_the_clock_runs_in_business_hours_only():
    calendar = BusinessCalendar.parse("UTC", {"mon-sun": "9:00-10:00"})
    nine = 1_800_000_000_000 - 1_800_000_000_000 % 86_400_000 + 9 * 3_600_000
    opened = {"case_id": "x", "verb": "open", "state": "waiting"}
    call = Entry(1, nine + 59 * MINUTE, EntryKind.CASE, Author.SYSTEM, data=opened)
    answer = Entry(2, nine + 86_400_000 + 2 * MINUTE, EntryKind.MESSAGE, Author.AGENT, "您好", author_id="wang")
    (row,) = ledger([call, answer], target=lambda _: Target(first_s=180), calendar=calendar)
    assert (row.took_ms, row.due_ms, row.is_late(0)) == (3 * MINUTE, nine + 86_400_000 + 2 * MINUTE, False)


def test_the_owners_follow_each_other():
    steps = ("customer", "call", "accept", "agent", "transfer", "accept", "resolve")
    assert [one.owner for one in owners(told(*steps))] == ["bot", "wang", "bot", "li", "bot"]


OFTEN = ["customer", "customer", "bot", "call", "call", "accept", "accept", "agent", "agent"]
STEPS = st.sampled_from([*OFTEN, "resolve", "transfer", "lose", "cancel", "leave"])


@settings(deadline=None, max_examples=150)
@given(st.lists(STEPS, max_size=40))
def test_whatever_happens_each_owed_turn_has_exactly_one_row_and_one_closing(steps):
    log = told(*steps)
    rows = ledger(log)
    assert all(row.closing is not None for row in rows[:-1])
    seqs = [seq for row in rows for seq in row.seqs]
    assert seqs == sorted(set(seqs)), "no entry is owed twice"
    closings = [row.closed_seq for row in rows if row.closing]
    assert len(closings) == len(set(closings))
    by_seq = {entry.seq: entry for entry in log}
    for row in rows:
        if row.closing is Closing.ANSWERED:
            assert by_seq[row.closed_seq].author is Author.AGENT
        assert not row.closing or row.seqs[-1] < row.closed_seq
    # Whoever called, or wrote while a case was open, is owed: compare with a plain reading of the log.
    open_case, owed = False, []
    for entry in log:
        if entry.kind is EntryKind.CASE:
            if entry.data["verb"] == "open":
                owed.append(entry.seq)
            open_case = entry.data["state"] not in ("closed", "abandoned", "message_left")
        elif open_case and entry.kind is EntryKind.MESSAGE and entry.author is Author.CUSTOMER:
            owed += [entry.seq] if "left" not in entry.data else []
    assert owed == seqs
