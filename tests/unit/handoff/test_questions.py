"""What customers asked and what became of it, told as stories."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from contracts.answer import Candidate, Finding, Outcome
from contracts.turn import BotMessage, TurnResult
from contracts.understanding import Entity, Intent, Sentiment, Understanding
from handoff.days import ZONE, begins_ms, between, day_of
from handoff.insight import insight, table
from handoff.questions import Question, questions
from tests.unit.handoff.telling import HOUR, Story

SHANGHAI = ZoneInfo(ZONE)


async def asked(story: Story, who: str = "ann") -> list[Question]:
    (thread,) = await story.threads(who)
    return questions(thread)


async def test_each_question_is_told_with_what_the_bot_made_of_it_and_small_talk_is_none() -> None:
    story = await Story().begin()
    await story.ask("退款多久", "answer")
    await story.ask("谢谢", "chat", intent="thanks")
    await story.ask("火星能送吗", "miss")
    await story.ask("退货", "clarify")
    found = await asked(story)
    assert [(one.text, one.reaction.value) for one in found] == [
        ("退款多久", "answer"),
        ("火星能送吗", "miss"),
        ("退货", "clarify"),
    ]


async def test_a_choice_taken_belongs_to_the_question_and_so_does_the_vote_on_its_answer() -> None:
    story = await Story().begin()
    await story.ask("退货", "clarify")
    await story.desk.say("ann", key=story.key(), text="怎么申请退货", choice="return-apply")
    turn = await story.desk.claim_turn("w", wait_ms=0)
    assert turn is not None
    message = BotMessage("点申请售后", kind="answer")
    finished = await story.desk.finish_turn(turn, TurnResult((message,), Understanding(Intent("faq", 0.9))))
    await story.vote(finished.entries[-1].seq, True)
    await story.vote(finished.entries[-1].seq, False)
    (one,) = await asked(story)
    assert (one.text, one.chosen, one.useful) == ("退货", "return-apply", False)


async def test_a_person_who_took_it_up_is_told_with_their_work_and_their_longest_words() -> None:
    story = await Story().begin()
    await story.ask("门店能停车吗", "miss")
    case_id = await story.call()
    await story.accept(case_id)
    view = await story.desk.conversation("ann")
    for text in ("您好", "有地下车库，消费满 100 免费停。", "再见"):
        await story.desk.agent_say(view.agent_id, "ann", key=story.key(), text=text, epoch=view.epoch)
    await story.resolve(case_id)
    (one,) = await asked(story)
    assert (one.handed_over, one.reply, one.agent_ms) == (True, "有地下车库，消费满 100 免费停。", 60_000)


async def test_a_call_that_nobody_took_up_is_no_work_of_a_person() -> None:
    story = await Story().begin()
    await story.ask("门店能停车吗", "miss")
    await story.call()
    await story.desk.cancel_wait("ann")
    (one,) = await asked(story)
    assert (one.handed_over, one.reply) == (False, "")


async def told(story: Story, text: str, *, product: str = "", cross: bool = False) -> None:
    story.now_ms += 60_000
    await story.desk.say("ann", key=story.key(), text=text)
    turn = await story.desk.claim_turn("w", wait_ms=0)
    assert turn is not None
    mood = Sentiment("negative", 0.9, 0.1, 0.0, 0.4, 0.0, 0.0) if cross else Sentiment("neutral", 0, 1, 0, 0.2, 0, 0)
    entities = (Entity("product", product, 0, len(product)),) if product else ()
    finding = Finding(Outcome.MISS, (Candidate("ship", "多久发货", "多久发货", 0.1, 0.1, 0.1),), "v")
    understanding = Understanding(Intent("faq", 0.9), entities=entities, sentiment=mood, finding=finding)
    await story.desk.finish_turn(turn, TurnResult((BotMessage("不知道"),), understanding))


async def test_topics_products_and_anger_are_counted_by_day_of_the_shop() -> None:
    story = await Story().begin()
    await story.ask("退款多久", "answer", entry_id="refund")
    await told(story, "电饭煲几时发货", product="电饭煲", cross=True)
    await story.ask("谢谢", "chat", intent="thanks")
    story.pass_time(24 * HOUR)
    await told(story, "=cmd 几时发货")
    first = day_of(story.now_ms, SHANGHAI) - timedelta(days=1)
    found = insight(
        await story.threads(), first=first, last=first + timedelta(days=2), zone=SHANGHAI, categories={"ship": "=物流"}
    )
    assert found.questions == (2, 1, 0)
    assert found.negative == (1, 0, 0)
    assert [(one.name, one.n, one.negative, one.missed, one.by_day) for one in found.topics] == [
        ("=物流", 2, 1, 2, (1, 1, 0)),
        ("refund类", 1, 0, 0, (1, 0, 0)),
    ]
    assert [(one.name, one.n, one.negative_share) for one in found.products] == [("电饭煲", 1, 1.0)]
    rows = table(found)
    assert rows[0][:5] == ["kind", "name", "questions", "negative", "unanswered"]
    assert rows[1] == ["all", "", "3", "1", "2", "2", "1", "0"]
    assert {len(row) for row in rows} == {8}


async def test_days_outside_are_left_out_and_an_empty_time_has_days_without_questions() -> None:
    story = await Story().begin()
    await story.ask("退款多久", "answer")
    day = day_of(story.now_ms, SHANGHAI)
    empty = insight(await story.threads(), first=day + timedelta(days=1), last=day + timedelta(days=2), zone=SHANGHAI)
    assert (empty.questions, empty.topics, empty.products) == ((0, 0), (), ())
    assert day_of(begins_ms(day, SHANGHAI), SHANGHAI) == day
    assert day_of(begins_ms(day, SHANGHAI) - 1, SHANGHAI) == day - timedelta(days=1)
    assert list(between(day, day)) == [day]
