"""Any process may die in the middle of a turn: no message is lost, none is doubled, and the stack mends itself."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Any

import psutil
import pytest

from tests.fault.stubborn import Customer
from tests.running_stack import MODULES, RunningStack

pytestmark = [pytest.mark.rasa, pytest.mark.redis, pytest.mark.slow]

QUESTION = "退款多久能到账"


def answered(times: int) -> Any:
    return lambda customer: len(customer.said("bot")) >= times and not customer.unacknowledged


def until_mended(stack: RunningStack, seconds: float = 120.0) -> None:
    """Wait until every process runs and answers again."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if all(stack.child(name) for name in MODULES) and stack.is_ready():
                return
        except (LookupError, psutil.NoSuchProcess):
            pass
        time.sleep(0.2)
    pytest.fail(f"the stack did not mend itself within {seconds:g} s")


@pytest.fixture
def mended(stack: RunningStack) -> Any:
    """Afterwards every process runs and answers again."""
    yield
    until_mended(stack)


def told_of_a_person(customer: Customer) -> bool:
    """Whether the customer has been told that a person is on the way."""
    notices = [e["data"].get("notice") for e in customer.entries.values() if e["author"] == "system"]
    return "waiting" in notices and not customer.unacknowledged


@pytest.mark.parametrize("name", ["worker", "gateway", "archiver"])
async def test_a_process_killed_in_the_middle_of_a_turn_loses_and_doubles_nothing(
    stack: RunningStack, mended: None, name: str
) -> None:
    customer = Customer(stack.url)
    await customer.talk(QUESTION, until=answered(1))
    victim = stack.child(name)
    await customer.talk("怎么申请退货", until=answered(2), on_ack=victim.kill)
    await customer.talk("发票怎么开", until=answered(3))
    assert customer.said("customer") == [QUESTION, "怎么申请退货", "发票怎么开"]
    replies = [(e["data"].get("about"), e["text"]) for e in customer.entries.values() if e["author"] == "bot"]
    assert len(replies) == len(set(replies)), "a reply came twice"


@pytest.mark.parametrize("name", ["rasa", "actions"])
async def test_a_bot_that_dies_over_a_question_is_admitted_and_a_person_is_called(
    stack: RunningStack, mended: None, name: str
) -> None:
    customer = Customer(stack.url)
    await customer.talk(QUESTION, until=answered(1))
    victim = stack.child(name)
    victim.suspend()  # so that the question surely is with it when it dies
    await customer.talk("怎么申请退货", until=told_of_a_person, on_ack=victim.kill)
    await asyncio.to_thread(until_mended, stack)
    await customer.talk("发票怎么开", until=answered(2))
    assert customer.said("customer") == [QUESTION, "怎么申请退货", "发票怎么开"]
    states = [entry["data"]["state"] for entry in customer.entries.values() if entry["kind"] == "case"]
    assert states == ["waiting"], "in line, and once"


def test_stopping_and_starting_again_loses_no_conversation_and_leaves_no_process() -> None:
    with RunningStack.start() as first:
        sender = f"keep-{uuid.uuid4().hex}"
        first.ask(QUESTION, sender=sender)
        children = psutil.Process(first.process.pid).children(recursive=True)
        assert first.admin_password
        assert first.stop() == 0
        assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
        with RunningStack.start(data=first.data) as second:
            assert not second.admin_password, "the password is shown once"
            assert second.ask("转人工", sender=sender)
