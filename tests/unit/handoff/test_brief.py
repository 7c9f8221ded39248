"""The brief says nothing that the log does not, and names the message for each line."""

from __future__ import annotations

from contracts.answer import Candidate, Finding, Outcome
from contracts.codec import encode
from contracts.conversation import Author, Entry, EntryKind
from contracts.escalation import Evidence, Reason
from contracts.understanding import Entity, Intent, Sentiment, Understanding
from handoff.brief import build_brief, problem_of
from handoff.model import Case, CaseState


class Log:
    """A log that is written line by line."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, kind: EntryKind, author: Author, text: str = "", **data) -> int:
        seq = len(self.entries) + 1
        self.entries.append(Entry(seq, 1000 + seq, kind, author, text, data=data))
        return seq

    def customer(self, text: str, intent: str = "", confidence: float = 0.9, **understood) -> int:
        seq = self.add(EntryKind.MESSAGE, Author.CUSTOMER, text)
        if intent:
            known = Understanding(Intent(intent, confidence), **understood)
            self.add(EntryKind.ANNOTATION, Author.BOT, about=seq, understanding=encode(known))
        return seq

    def bot(self, text: str, kind: str = "text", entry_id: str = "") -> int:
        answer = {"entry_id": entry_id} if entry_id else None
        seq = self.add(EntryKind.MESSAGE, Author.BOT, text, answer=answer)
        self.entries[-1].data["kind"] = kind
        return seq


def open_case(**more) -> Case:
    return Case("case-1", "c", CaseState.WAITING, Reason.ANGER, (Evidence("anger", "气死", 2.2, 1),), **more)


def finding(*candidates: tuple[str, float]) -> Finding:
    found = tuple(Candidate(name, f"问{name}", "m", probability, 0.5, 0.5) for name, probability in candidates)
    return Finding(Outcome.ANSWER, found, "v1")


def test_the_timeline_tells_each_message_with_what_was_understood():
    log = Log()
    first = log.customer(
        "订单SF123还没到",
        "order_status",
        sentiment=Sentiment("negative", 0.7, 0.2, 0.1, 1.1, 0.0, 0.0),
        finding=finding(("f1", 0.8), ("f2", 0.1)),
        entities=(Entity("order_number", "SF123", 2, 7),),
    )
    second = log.customer("喂")
    brief = build_brief(log.entries, open_case())
    assert [(step.seq, step.intent, step.sentiment, step.anger) for step in brief.timeline] == [
        (first, "order_status", "negative", 1.1),
        (second, "", "", 0.0),
    ]
    assert [(one.entry_id, one.seq) for one in brief.suggestions] == [("f1", first), ("f2", first)]
    assert [(one.name, one.value, one.seq) for one in brief.entities] == [("order_number", "SF123", first)]
    assert (brief.reason, brief.evidence) == (Reason.ANGER, (Evidence("anger", "气死", 2.2, 1),))


def test_a_bot_turn_carries_the_customers_vote():
    log = Log()
    log.customer("怎么退货")
    answered = log.bot("七天内可退", kind="answer", entry_id="f9")
    log.add(EntryKind.FEEDBACK, Author.CUSTOMER, what="vote", about=answered, useful=False)
    (turn,) = build_brief(log.entries, open_case()).bot_turns
    assert (turn.seq, turn.kind, turn.entry_id, turn.reaction) == (answered, "answer", "f9", "not_useful")


def test_the_problem_is_what_says_most_not_the_greeting_nor_the_request():
    log = Log()
    log.customer("你好", "greet")
    problem = log.customer("上周买的热水器打不着火，换了电池也不行", "repair")
    log.customer("转人工", "request_human")
    log.customer("快点", "insult")
    assert problem_of(log.entries) == ("上周买的热水器打不着火，换了电池也不行", problem)


def test_who_only_asks_for_a_person_has_named_no_problem():
    log = Log()
    log.customer("转人工", "request_human")
    assert problem_of(log.entries) == ("", 0)


def test_the_problem_of_an_earlier_case_is_not_this_ones():
    log = Log()
    log.customer("去年的空调漏水漏了一地怎么办", "repair")
    log.add(EntryKind.CASE, Author.SYSTEM, state="closed", case_id="case-0")
    later = log.customer("想改发票抬头", "invoice")
    assert problem_of(log.entries) == ("想改发票抬头", later)
    assert [step.seq for step in build_brief(log.entries, open_case()).timeline] == [later]


def test_a_correction_by_the_customer_replaces_the_problem():
    log = Log()
    log.customer("空调漏水")
    corrected = log.add(EntryKind.FEEDBACK, Author.CUSTOMER, "是邻居家漏水", what="problem", case_id="case-1")
    brief = build_brief(log.entries, open_case(problem="空调漏水", problem_seq=1))
    assert (brief.problem, brief.problem_seq, brief.corrected) == ("是邻居家漏水", corrected, True)


def test_promises_are_what_people_and_bot_said_will_happen_not_the_shops_rules():
    log = Log()
    log.bot("退款会在3个工作日内到账", kind="answer", entry_id="f1")
    promised = log.add(EntryKind.MESSAGE, Author.AGENT, "我今天下午给您回电")
    log.add(EntryKind.MESSAGE, Author.AGENT, "您好，请讲")
    assert [(one.seq, one.author) for one in build_brief(log.entries, open_case()).promises] == [(promised, "agent")]


def test_an_understanding_that_cannot_be_read_is_left_out():
    log = Log()
    seq = log.customer("喂")
    log.add(EntryKind.ANNOTATION, Author.BOT, about=seq, understanding={"intent": 7})
    log.add(EntryKind.ANNOTATION, Author.BOT)
    assert build_brief(log.entries, open_case()).timeline[0].intent == ""


def test_earlier_cases_are_listed_without_this_one():
    earlier = Case("case-0", "c", CaseState.CLOSED, Reason.THREAT, closed_ms=5, outcome={"reason": "refund"})
    brief = build_brief([], open_case(), earlier=[earlier, open_case()])
    assert [(one.case_id, one.reason, one.outcome) for one in brief.earlier] == [
        ("case-0", "threat", {"reason": "refund"})
    ]
