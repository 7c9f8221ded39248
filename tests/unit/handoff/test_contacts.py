"""The bot has resolved a contact only if nothing speaks against it."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.conversation import Author, EntryKind
from handoff.contacts import Contact, Reaction, Verdict, contacts, exchanges
from tests.unit.handoff.telling import HOUR, STEPS, Story


async def judged(story: Story, *, later: int = 100 * HOUR) -> list[Contact]:
    (thread,) = await story.threads()
    return contacts(thread.entries, known_until_ms=story.now_ms + later)


async def verdicts(story: Story, *, later: int = 100 * HOUR) -> list[Verdict]:
    return [contact.verdict for contact in await judged(story, later=later)]


@pytest.fixture
async def story() -> Story:
    return await Story().begin()


async def test_an_answer_with_nothing_against_it_is_a_resolution(story):
    await story.ask("退款多久", "answer")
    assert await verdicts(story) == [Verdict.RESOLVED]


async def test_the_verdict_is_open_until_72_hours_are_over(story):
    await story.ask("退款多久", "answer")
    assert await verdicts(story, later=72 * HOUR - 1) == [Verdict.PENDING]
    assert await verdicts(story, later=72 * HOUR) == [Verdict.RESOLVED]


async def test_a_call_for_a_person_is_no_resolution_whatever_was_answered(story):
    await story.ask("退款多久", "answer")
    await story.call()
    assert await verdicts(story) == [Verdict.HANDED]


async def test_an_answer_voted_down_is_no_resolution_also_days_later(story):
    await story.ask("退款多久", "answer")
    answer = await story.last()
    story.pass_time(90 * HOUR)
    await story.vote(answer, False)
    assert await verdicts(story) == [Verdict.DOWNVOTED]


async def test_who_changes_the_vote_to_useful_takes_it_back(story):
    await story.ask("退款多久", "answer")
    answer = await story.last()
    await story.vote(answer, False)
    await story.vote(answer, True)
    assert await verdicts(story) == [Verdict.RESOLVED]


async def test_the_same_question_within_72_hours_undoes_the_resolution(story):
    await story.ask("退款多久", "answer")
    story.pass_time(70 * HOUR)
    await story.ask("退款几天到", "answer")
    assert await verdicts(story) == [Verdict.REPEATED, Verdict.RESOLVED]


async def test_the_same_question_after_72_hours_is_a_new_one(story):
    await story.ask("退款多久", "answer")
    story.pass_time(73 * HOUR)
    await story.ask("退款几天到", "answer")
    assert await verdicts(story) == [Verdict.RESOLVED, Verdict.RESOLVED]


async def test_another_question_soon_after_is_no_repetition(story):
    await story.ask("退款多久", "answer")
    story.pass_time(2 * HOUR)
    await story.ask("怎么开发票", "answer", "invoice")
    assert await verdicts(story) == [Verdict.RESOLVED, Verdict.RESOLVED]


async def test_the_same_answer_twice_in_one_contact_did_not_do(story):
    await story.ask("退款多久", "answer")
    await story.ask("我是问退款要几天", "answer")
    assert await verdicts(story) == [Verdict.REPEATED]


async def test_coming_back_for_a_person_without_a_word_counts_against_the_answer(story):
    await story.ask("退款多久", "answer")
    story.pass_time(5 * HOUR)
    await story.call()
    assert await verdicts(story) == [Verdict.REPEATED, Verdict.HANDED]


async def test_coming_back_for_a_person_about_something_else_does_not(story):
    await story.ask("退款多久", "answer")
    story.pass_time(5 * HOUR)
    await story.ask("怎么开发票", "answer", "invoice")
    await story.call()
    assert await verdicts(story) == [Verdict.RESOLVED, Verdict.HANDED]


@pytest.mark.parametrize("outcome", ["miss", "clarify", "none"])
async def test_a_question_left_without_an_answer_is_no_resolution(story, outcome):
    await story.ask("退款多久", "answer")
    await story.ask("还有火星上呢", outcome, "mars")
    assert await verdicts(story) == [Verdict.UNANSWERED]


async def test_a_miss_that_an_answer_followed_is_forgiven(story):
    await story.ask("火星", "miss")
    await story.ask("退款多久", "answer")
    await story.ask("谢谢", "chat")
    assert await verdicts(story) == [Verdict.RESOLVED]


async def test_small_talk_alone_proves_nothing_even_where_the_finder_missed(story):
    await story.ask("你好", "chat")
    await story.ask("谢谢", "miss", intent="thanks")
    assert await verdicts(story) == [Verdict.CHAT]


async def test_after_a_person_a_new_contact_begins(story):
    await story.ask("退款多久", "answer")
    case_id = await story.call()
    await story.accept(case_id)
    await story.desk.say("ann", key="x", text="在吗")
    await story.reply()
    await story.resolve(case_id)
    await story.ask("怎么开发票", "answer", "invoice")
    handed, after = await judged(story)
    assert (handed.verdict, after.verdict) == (Verdict.HANDED, Verdict.RESOLVED)
    assert [turn.text for turn in handed.turns] == ["退款多久"], "what is said to a person is no matter of the bot's"


async def test_the_reaction_names_the_entry_its_category_or_the_nearest_candidate(story):
    answered = await story.ask("退款多久", "answer")
    missed = await story.ask("火星", "miss", "mars")
    (thread,) = await story.threads()
    turns = exchanges(thread.entries)
    assert (turns[answered].reaction, turns[answered].entry_id, turns[answered].category) == (
        Reaction.ANSWER,
        "refund",
        "refund类",
    )
    assert (turns[missed].reaction, turns[missed].question, turns[missed].category) == (Reaction.MISS, "mars怎么办", "")


def told(steps: list[str]):
    async def tell():
        story = await Story().begin()
        for step in steps:
            await story.anything(step, "ann")
        return (await story.threads())[0].entries, story.now_ms

    return asyncio.run(tell())


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(STEPS), max_size=25))
def test_every_message_to_the_bot_is_in_exactly_one_contact_in_order(steps):
    entries, now_ms = told(steps)
    found = contacts(entries, known_until_ms=now_ms)
    gathered = [turn.seq for contact in found for turn in contact.turns]
    assert gathered == sorted(exchanges(entries))
    assert set(gathered) <= {e.seq for e in entries if e.kind is EntryKind.MESSAGE and e.author is Author.CUSTOMER}
    assert all(one.from_ms <= one.last_ms <= other.from_ms for one, other in itertools.pairwise(found))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(STEPS), max_size=25))
def test_knowing_more_only_ever_closes_open_verdicts(steps):
    entries, now_ms = told(steps)
    early = contacts(entries, known_until_ms=now_ms)
    late = contacts(entries, known_until_ms=now_ms + 1000 * HOUR)
    for before, after in zip(early, late, strict=True):
        assert after.verdict is before.verdict or (before.verdict, after.verdict) == (Verdict.PENDING, Verdict.RESOLVED)
    calls = sum(entry.kind is EntryKind.CASE and entry.data["verb"] == "open" for entry in entries)
    assert sum(contact.verdict is Verdict.HANDED for contact in late) <= calls
