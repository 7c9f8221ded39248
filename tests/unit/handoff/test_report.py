"""A report counts what happened, once, in the period in which it began."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.config.targets import Rule, Target, Targets, write
from handoff.contacts import Verdict
from handoff.ledger import Closing, ledger
from handoff.report import report, reports, spread
from handoff.report_model import Report, Spread
from tests.unit.handoff.telling import HOUR, MINUTE, MONDAY, STEPS, Story

NEVER = 10 * 365 * 24 * HOUR


async def reported(story: Story, *customers: str, from_ms: int = 0, until_ms: int = MONDAY + NEVER, **more) -> Report:
    threads = await story.threads(*customers)
    return report(threads, from_ms=from_ms, until_ms=until_ms, now_ms=story.now_ms + 100 * HOUR, **more)


@pytest.fixture
async def story() -> Story:
    return await Story().begin("ann", "bob")


async def test_nothing_happened_is_said_without_dividing_by_nothing(story):
    found = await reported(story, "ann", "bob")
    assert found.volumes.conversations == found.handoffs.cases == 0
    assert (found.resolution.rate, found.handoffs.abandonment, found.handoffs.wait_ms) == (None, None, Spread())
    assert (found.by_agent, found.satisfaction, found.misses) == ({}, {}, ())


async def test_volumes_are_those_of_the_period(story):
    await story.ask("退款多久", "answer")
    await story.ask("在吗", "none", who="bob")
    midnight = story.now_ms + 1
    case_id = await story.call()
    await story.accept(case_id)
    await story.reply()
    first = await reported(story, "ann", "bob", until_ms=midnight)
    second = await reported(story, "ann", "bob", from_ms=midnight)
    assert (first.volumes.conversations, first.volumes.customer_messages, first.volumes.bot_turns) == (2, 2, 1)
    assert (second.volumes.conversations, second.volumes.agent_messages, second.handoffs.cases) == (0, 1, 1)


async def test_the_resolution_rate_is_of_what_can_be_judged(story):
    await story.ask("退款多久", "answer")
    await story.ask("你好", "chat", who="bob")
    story.pass_time(2 * HOUR)
    await story.ask("怎么开发票", "answer", "invoice")
    await story.call()
    found = (await reported(story, "ann", "bob")).resolution
    assert (found.contacts, found.judged, found.rate) == (3, 2, 0.5)
    assert found.verdicts == {**{one.value: 0 for one in Verdict}, "resolved": 1, "handed": 1, "chat": 1}


async def test_young_failures_do_not_outweigh_successes_that_are_still_open(story):
    await story.ask("退款多久", "answer")
    story.pass_time(80 * HOUR)
    await story.ask("怎么开发票", "answer", "invoice")
    await story.call("bob")
    threads = await story.threads("ann", "bob")
    found = report(threads, from_ms=0, until_ms=MONDAY + NEVER, now_ms=story.now_ms).resolution
    assert (found.verdicts["pending"], found.verdicts["handed"]) == (1, 1)
    assert (found.judged, found.rate) == (1, 1.0)


async def test_waits_and_handling_are_measured_from_call_to_acceptance_to_end(story):
    case_id = await story.call()
    await story.accept(case_id)
    story.pass_time(5 * MINUTE)
    await story.resolve(case_id)
    found = (await reported(story)).handoffs
    assert (found.accepted, found.wait_ms.p50, found.handle_ms.p50) == (1, MINUTE, 6 * MINUTE)
    assert found.reasons == {"explicit_request": 1}


async def test_who_gives_up_and_who_leaves_a_message_are_told_apart(story):
    await story.call()
    story.pass_time(3 * MINUTE)
    await story.desk.cancel_wait("ann")
    left = await story.call("bob")
    await story.desk.leave_message("bob", key="l", text="请回电")
    found = (await reported(story, "ann", "bob")).handoffs
    assert (found.abandoned, found.abandonment, found.gave_up_ms.p50) == (1, 0.5, 3 * MINUTE)
    assert (found.messages_left, found.messages_answered) == (1, 0)
    await story.desk.answer_message("wang", left, key="a", text="已处理")
    assert (await reported(story, "bob")).handoffs.messages_answered == 1


async def test_promptness_is_told_by_agent_and_by_group(story):
    case_id = await story.call()
    agent = await story.accept(case_id)
    await story.reply()
    await story.desk.say("ann", key="x", text="还在吗")
    found = await reported(story, targets=Targets(Target(first_s=60, next_s=60)))
    mine = found.by_agent[agent]
    assert (mine.owed, mine.answered, mine.late, mine.open) == (2, 1, 2, 1)
    assert mine.took_ms.p50 == 2 * MINUTE
    assert found.by_group == {"default": mine}
    assert mine.on_time == 0.0
    lax = Targets(Target(first_s=600, next_s=1_000_000))
    kept = await reported(story, targets=lax)
    assert (kept.by_agent[agent].late, kept.by_agent[agent].on_time) == (0, 1.0)
    assert kept.targets == write(lax)


async def test_each_case_is_judged_by_the_target_of_its_group_and_class(story):
    agent = await story.accept(await story.call())
    await story.reply()
    strict, lax = Target(first_s=1, next_s=1), Target(first_s=600, next_s=600)
    by_group, by_both = Rule(strict, "default"), Rule(lax, "default", 0)
    for rules, late in (((), 0), ((by_group,), 1), ((by_group, by_both), 0)):
        found = await reported(story, targets=Targets(lax, rules))
        assert found.by_agent[agent].late == late


async def test_how_long_cases_took_is_told_against_their_target(story):
    case_id = await story.call()
    await story.accept(case_id)
    await story.reply()
    story.pass_time(10 * MINUTE)
    await story.resolve(case_id)
    await story.call("bob")  # still open hours later, when the report is made
    done = await story.desk.case(case_id)
    minutes = -(-(done.closed_ms - done.enqueued_ms) // MINUTE)
    for seconds, late in ((minutes * 60, 1), (60, 2), (1_000_000, 0)):
        targets = Targets(Target(first_s=60, next_s=60, resolution_s=seconds))
        one = (await reported(story, "ann", "bob", targets=targets)).resolved["default"]
        assert (one.cases, one.closed, one.targeted, one.late) == (2, 1, 2, late)
        assert one.took_ms.p50 == done.closed_ms - done.enqueued_ms
    untargeted = (await reported(story, "ann", "bob")).resolved["default"]
    assert (untargeted.cases, untargeted.targeted, untargeted.late) == (2, 0, 0)


async def test_what_nobody_took_up_is_the_lines(story):
    await story.desk.depart("wang")
    await story.desk.depart("li")
    await story.call()
    assert (await reported(story)).by_agent[""].open == 1


async def test_each_stretch_is_rated_for_who_had_it_and_the_last_rating_counts(story):
    case_id = await story.call()
    agent = await story.accept(case_id)
    await story.resolve(case_id)
    await story.rate(1, case_id)
    await story.rate(5, case_id)
    await story.rate(2)
    found = (await reported(story)).satisfaction
    assert {name: (one.n, one.mean) for name, one in found.items()} == {agent: (1, 5.0), "bot": (1, 2.0)}
    assert found[agent].scores == {"1": 0, "2": 0, "3": 0, "4": 0, "5": 1}


async def test_misses_are_grouped_by_the_category_of_the_nearest_entry(story):
    await story.ask("退到微信吗", "miss", "refund")
    await story.ask("退款多久", "answer", "refund")
    await story.ask("退到哪", "miss", "refund", who="bob")
    await story.ask("火星", "miss", "mars")
    await story.ask("嗯嗯", "miss", "")
    found = await reported(story, "ann", "bob", categories={"mars": "天文"})
    assert [(one.topic, one.n) for one in found.misses] == [("refund类", 2), ("", 1), ("天文", 1)]
    assert found.misses[0].examples == ("退到微信吗", "退到哪")


async def test_votes_count_as_they_stand_at_the_end(story):
    await story.ask("退款多久", "answer")
    answer = await story.last()
    await story.vote(answer, False)
    await story.vote(answer, True)
    found = (await reported(story)).resolution
    assert (found.useful_votes, found.useless_votes) == (1, 0)


@given(st.lists(st.integers(0, 10**9), min_size=1))
def test_percentiles_are_values_that_occurred_in_order(values):
    found = spread(values)
    assert found.n == len(values)
    assert {found.p50, found.p90, found.p95, found.most} <= set(values)
    assert found.p50 <= found.p90 <= found.p95 <= found.most == max(values)
    assert sum(value <= found.p50 for value in values) * 2 >= len(values)


WHO = st.sampled_from(["ann", "bob"])
STORIES = st.lists(st.tuples(st.sampled_from(STEPS), WHO), max_size=30)


def told(steps):
    async def tell():
        story = await Story().begin("ann", "bob")
        for what, who in steps:
            await story.anything(what, who)
        return await story.threads("ann", "bob"), story.now_ms

    return asyncio.run(tell())


@settings(deadline=None, max_examples=50)
@given(STORIES, st.floats(0, 1))
def test_two_periods_in_a_row_add_up_to_the_whole(steps, share):
    threads, now_ms = told(steps)
    middle = MONDAY + int((now_ms - MONDAY) * share)
    whole, first, second = (
        report(threads, from_ms=low, until_ms=high, now_ms=now_ms)
        for low, high in ((0, now_ms + 1), (0, middle), (middle, now_ms + 1))
    )
    for one in ("customer_messages", "bot_turns", "agent_messages"):
        assert getattr(whole.volumes, one) == getattr(first.volumes, one) + getattr(second.volumes, one)
    for one in ("cases", "accepted", "abandoned", "messages_left", "messages_answered"):
        assert getattr(whole.handoffs, one) == getattr(first.handoffs, one) + getattr(second.handoffs, one)
    assert whole.resolution.contacts == first.resolution.contacts + second.resolution.contacts
    assert sum(one.n for one in whole.misses) == sum(one.n for one in (*first.misses, *second.misses))


@settings(deadline=None, max_examples=50)
@given(STORIES, st.lists(st.floats(0, 1), max_size=6))
def test_the_parts_of_a_period_counted_in_one_pass_are_the_reports_of_each(steps, shares):
    threads, now_ms = told(steps)
    begin, end = MONDAY - HOUR, now_ms + HOUR
    edges = sorted({begin, *(MONDAY + int((now_ms - MONDAY) * share) for share in shares), end})
    found = reports(threads, edges, now_ms=now_ms)
    assert found.whole == report(threads, from_ms=begin, until_ms=end, now_ms=now_ms)
    # What a later part has learned of an entry's category may name a topic of an earlier one.
    plain = [replace(part, misses=()) for part in found.parts]
    assert plain == [
        replace(report(threads, from_ms=low, until_ms=high, now_ms=now_ms), misses=()) for low, high in pairwise(edges)
    ]
    assert sum(one.n for part in found.parts for one in part.misses) == sum(one.n for one in found.whole.misses)


@settings(deadline=None, max_examples=50)
@given(STORIES)
def test_the_parts_make_up_the_whole(steps):
    threads, now_ms = told(steps)
    found = report(threads, from_ms=0, until_ms=now_ms + 1, now_ms=now_ms)
    assert sum(found.resolution.verdicts.values()) == found.resolution.contacts
    assert sum(found.handoffs.reasons.values()) == found.handoffs.cases
    assert found.handoffs.wait_ms.n == found.handoffs.accepted
    owed = sum(len(ledger(thread.entries)) for thread in threads)
    for parts in (found.by_agent, found.by_group):
        assert sum(one.owed for one in parts.values()) == owed
        assert all(one.answered + one.open <= one.owed for one in parts.values())


@settings(deadline=None, max_examples=50)
@given(STORIES)
def test_every_owed_turn_has_one_closing_event_of_its_own_or_is_the_last_and_open(steps):
    threads, _ = told(steps)
    for thread in threads:
        rows = ledger(thread.entries)
        closings = [row.closed_seq for row in rows if row.closing is not None]
        assert len(set(closings)) == len(closings)
        assert all(row.closing is not None for row in rows[:-1])
        by_seq = {entry.seq: entry for entry in thread.entries}
        for row in rows:
            if row.closing is Closing.ANSWERED:
                assert by_seq[row.closed_seq].author_id == row.closed_by
            elif row.closing is not None:
                assert by_seq[row.closed_seq].data["case_id"] == row.case_id
