"""Who answers first at an entry point, by the hour and after hours, over every backend."""

from __future__ import annotations

import pytest

from contracts.conversation import Author, EntryKind
from contracts.escalation import Escalation, Reason
from contracts.turn import BotMessage, TurnResult
from handoff.config.config import Config, with_document
from handoff.errors import Refused
from handoff.model import CaseState
from handoff.records.model import Ticket

HOUR_MS = 3_600_000
HAND_OVER = TurnResult((BotMessage("好的，正在为您转接人工客服。"),), None, Escalation(Reason.EXPLICIT_REQUEST))


@pytest.fixture
def entrances(desk):
    """Puts entry points into force at the desk, with business hours if they are given."""

    def put(*, calendar=None, **known) -> None:
        config = with_document(Config(), "entrances", {"entrances": {"*": {}, **known}})
        desk.use(with_document(config, "calendar", calendar) if calendar else config)

    return put


def closed_now(clock) -> dict[str, object]:
    """Hours of a shop that is closed now and opens at noon, a day or two from now."""
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[(clock.now_ms // 86_400_000 + 3) % 7]
    later = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[(clock.now_ms // 86_400_000 + 5) % 7]
    assert day != later
    return {"zone": "UTC", "week": {later: "12:00-13:00"}}


async def notices(desk, name: str) -> list[str]:
    return [
        entry.data["notice"]
        for entry in await desk.log(name)
        if entry.author is Author.SYSTEM and entry.kind is EntryKind.MESSAGE
    ]


async def finished(desk, result: TurnResult | None):
    """The next turn, finished with a result (None: the bot failed)."""
    turn = await desk.claim_turn("w", wait_ms=0)
    assert turn is not None
    return await (desk.fail_turn(turn, error="x") if result is None else desk.finish_turn(turn, result))


async def test_where_a_person_comes_first_the_first_message_takes_a_place_and_the_bot_helps_meanwhile(
    shop, desk, entrances
):
    entrances(web={"mode": "person_first"})
    await shop.customer("c")
    said = await shop.say("c")
    (case,) = await desk.cases_of("c")
    assert (case.state, case.reason) == (CaseState.WAITING, Reason.PERSON_FIRST)
    assert (case.evidence[0].signal, case.evidence[0].detail, case.evidence[0].seq) == ("entry_point", "web", said.seq)
    assert await notices(desk, "c") == ["waiting"]
    await finished(desk, TurnResult((BotMessage("您可以先看看物流。"),)))
    assert (await desk.log("c"))[-1].text == "您可以先看看物流。"


async def test_one_visit_is_one_place_in_the_line(shop, desk, entrances, clock):
    entrances(web={"mode": "person_first"})
    await shop.customer("c")
    await desk.say("c", key="k", text="你好")
    await desk.cancel_wait("c")
    await desk.say("c", key="k", text="你好")
    await shop.say("c", "我自己看看")
    assert len(await desk.cases_of("c")) == 1
    clock.forward(HOUR_MS - 1)
    await shop.say("c", "还是没有")
    assert len(await desk.cases_of("c")) == 1
    clock.forward(HOUR_MS)
    await shop.say("c", "你好，又来了")
    assert [case.state for case in await desk.cases_of("c")] == [CaseState.ABANDONED, CaseState.WAITING]


async def test_a_message_that_was_logged_before_we_died_takes_its_place_when_it_is_sent_again(
    shop, desk, entrances, backend
):
    await shop.customer("c")
    await backend.say("c", key="k", text="你好", choice=None, key_ttl_ms=60_000)
    entrances(web={"mode": "person_first"})
    assert (await desk.say("c", key="k", text="你好")).duplicate
    assert [case.reason for case in await desk.cases_of("c")] == [Reason.PERSON_FIRST]


async def test_other_entry_points_stay_as_they_are(shop, desk, entrances):
    entrances(rest={"mode": "person_first"})
    await shop.customer("c")
    await shop.say("c")
    assert await desk.cases_of("c") == []


async def test_an_entry_point_sends_its_cases_to_its_group_unless_the_reason_has_one(shop, desk):
    config = with_document(Config(), "groups", {"groups": [{"name": n} for n in ("default", "app", "safety")]})
    config = with_document(config, "entrances", {"entrances": {"*": {}, "app": {"group": "app"}}})
    desk.use(with_document(config, "priorities", {"reasons": {"threat": {"class": 4, "group": "safety"}}}))
    for name, channel, reason in (("a", "web", "anger"), ("b", "app", "anger"), ("c", "app", "threat")):
        await desk.open(name, channel=channel)
        await desk.request_human(name, key="k", reason=Reason(reason))
    cases = [(await desk.cases_of(name))[0] for name in "abc"]
    assert [(case.group, case.priority) for case in cases] == [("default", 0), ("app", 0), ("safety", 4)]


async def test_where_nobody_can_be_called_a_request_is_told_so_and_takes_no_place(shop, desk, entrances):
    entrances(web={"mode": "bot_only"})
    await shop.customer("c")
    assert await desk.request_human("c", key="k") is None
    assert await desk.request_human("c", key="k") is None
    assert (await desk.conversation("c")).case_state == "none"
    (told,) = await desk.log("c")
    assert (told.data["notice"], told.text) == (
        "unstaffed", "这里暂时没有人工客服。您可以留言，我们会尽快回复；也可以继续问我。",
    )  # fmt: skip


async def test_the_bot_does_not_announce_a_person_who_will_not_come(shop, desk, entrances):
    entrances(web={"mode": "bot_only"})
    await shop.customer("c")
    await shop.say("c", "转人工")
    result = TurnResult((BotMessage("答案", "answer"), *HAND_OVER.messages), None, HAND_OVER.escalation)
    done = await finished(desk, result)
    assert (done.accepted, done.case) == (True, None)
    said = [(entry.author.value, entry.text) for entry in await desk.log("c")]
    assert [author for author, _ in said] == ["customer", "bot", "system"]
    assert said[1] == ("bot", "答案")
    assert said[2][1].startswith("这里暂时没有人工客服。您可以留言")


async def test_where_nobody_can_be_called_a_bot_that_fails_says_so(shop, desk, entrances):
    entrances(web={"mode": "bot_only"})
    await shop.customer("c")
    await shop.say("c", "转人工")
    done = await finished(desk, None)
    assert (done.accepted, done.case, await notices(desk, "c")) == (True, None, ["unstaffed"])


async def test_a_message_may_be_left_there_without_having_waited_once_a_key(shop, desk, entrances, backend):
    entrances(web={"mode": "bot_only"})
    await shop.customer("c")
    left = await desk.leave_message("c", key="k", text="请回电", contact="13800000000")
    assert (left.state, left.outcome["message"]) == (CaseState.MESSAGE_LEFT, "请回电")
    assert await desk.leave_message("c", key="k", text="请回电") == left
    assert await notices(desk, "c") == ["message_left"]
    assert len(await desk.cases_of("c")) == 1
    assert len(await backend.records.listed(Ticket, "tickets:open", limit=9)) == 1


async def test_elsewhere_a_message_is_left_only_by_who_waits(shop, desk):
    await shop.customer("c")
    with pytest.raises(Refused):
        await desk.leave_message("c", key="k", text="请回电")


async def test_after_hours_an_entry_point_may_be_the_bots_alone(shop, desk, entrances, clock):
    entrances(web={"mode": "person_first", "after_hours": "bot_only"}, calendar=closed_now(clock))
    await shop.customer("c")
    await shop.say("c", "你好")
    assert await desk.cases_of("c") == []
    assert await desk.request_human("c", key="k") is None
    assert "12:00 有人在" in (await desk.log("c"))[-1].text


async def test_after_hours_the_line_stays_open_where_that_is_set(shop, desk, entrances, clock):
    entrances(web={"mode": "person_first"}, calendar=closed_now(clock))
    await shop.customer("c")
    await shop.say("c", "你好")
    assert await desk.cases_of("c") == [], "a person comes first only while one is there"
    case = await desk.request_human("c", key="k")
    assert case.state is CaseState.WAITING
    told = (await desk.log("c"))[-1].text
    assert "人工客服的休息时间" in told
    assert "12:00 有人在" in told
    assert (await desk.leave_message("c", key="m", text="请回电")).state is CaseState.MESSAGE_LEFT


async def test_who_waits_already_keeps_the_place_when_the_mode_changes(shop, desk, entrances):
    case = await shop.waiting("c")
    entrances(web={"mode": "bot_only"})
    assert (await desk.request_human("c", key="again")).case_id == case.case_id
    await shop.agent("wang")
    assert (await desk.case(case.case_id)).offered_to == "wang"
