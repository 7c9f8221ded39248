"""The scorer: scores as the chat does; and its process may die or dawdle without taking the gateway along."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import scoring as scoring_module
from gateway.errors import Unavailable
from gateway.scorer import Scorer
from gateway.scoring import Scoring
from knowledge_base import files
from knowledge_base.editing import Edit, form_of, write
from knowledge_base.exchange import export
from knowledge_base.live import LiveBase
from knowledge_base.replay import Reply
from tests.unit.knowledge_base.conftest import BagOfPairs
from tests.unit.knowledge_base.conftest import entries as entries

QUESTIONS = [
    "退款多久到账",
    "钱什么时候退",
    "怎么退货",
    "开发票",
    "几天发货",
    "优惠券",
    "门店在哪",
    "我想退货退款",
    "😀",
]


@pytest.fixture
def faq(tmp_path: Path, entries) -> Path:
    folder = tmp_path / "faq"
    folder.mkdir()
    (folder / "shop.yml").write_bytes(export(entries, "yml"))
    return folder


def said(reply: Reply) -> dict[str, object]:
    return {"outcome": reply.outcome.value, "entries": list(reply.entries), "text": reply.text}


def test_what_a_replay_says_of_a_draft_is_what_the_chat_says_once_it_is_published(faq: Path) -> None:
    live = LiveBase(faq, BagOfPairs())
    before = {text: said(Reply.of(live.finder, live.finder.find(text))) for text in QUESTIONS}
    held = live.loaded.entries[0]
    new = replace(held, question="退款几天到", answer="五个工作日。", variants=("门店在哪",))
    request = {"what": "replay", "forms": [form_of(new)], "queries": QUESTIONS, "golden": []}
    report = Scorer(faq, BagOfPairs(), None).answer(request)
    assert report["live"] == live.version
    write(faq, [Edit(new, held.digest)])
    assert live.reload()
    assert live.version == report["draft"]
    after = {text: said(Reply.of(live.finder, live.finder.find(text))) for text in QUESTIONS}
    rows = {row["text"]: row for row in report["rows"]}
    assert rows
    for text in QUESTIONS:
        assert (rows[text]["live"], rows[text]["draft"]) == (before[text], after[text]) if text in rows else True
        assert before[text] == after[text] or text in rows


def test_a_second_replay_asks_the_live_base_no_more_than_once_and_says_the_same(faq: Path) -> None:
    encoder = BagOfPairs()
    scorer = Scorer(faq, encoder, None)
    request = {"what": "replay", "forms": [], "queries": QUESTIONS, "golden": [["退款多久到账", ["refund"]]]}
    first = scorer.answer(request)
    encoder.asked.clear()
    assert scorer.answer(request) == first
    assert len(encoder.asked) == len(QUESTIONS) + 1  # the draft's side alone


def test_gaps_come_with_the_form_of_their_draft(faq: Path) -> None:
    asked = [
        {
            "text": "门店能停车吗",
            "outcome": "miss",
            "handed_over": True,
            "agent_seconds": 60,
            "reply": "有",
            "at_ms": 1,
        },
        {"text": "门店能停车吗", "outcome": "miss", "at_ms": 2},
        {"text": "退款多久到账", "outcome": "answer", "useful": False, "at_ms": 3},
    ]
    topics = [
        {"entry_id": "p", "question": "门店能停车吗", "wordings": [], "who": "b", "taken_ms": 1, "published_ms": 0}
    ]
    found = Scorer(faq, BagOfPairs(), None).answer({"what": "gaps", "asked": asked, "least": 2, "topics": topics})
    (gap,) = found["gaps"]
    assert (gap["question"], gap["asks"], gap["form"]["answer"]) == ("门店能停车吗", 2, "有")
    assert (found["asked"], found["unanswered"], found["trends"][0]["weeks"][0]["unanswered"]) == (3, 3, 2)


#: Speaks the scorer's protocol; dies, dawdles or refuses when it is told to.
CHILD = """
import json, os, signal, sys, time
for line in sys.stdin:
    request = json.loads(line)
    if request["what"] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if request["what"] == "dawdle":
        time.sleep(60)
    document = {"answer": {"pid": os.getpid(), "said": request.get("text")}}
    if request["what"] == "refuse":
        document = {"error": "no"}
    print(json.dumps(document), flush=True)
"""


@pytest.fixture
async def scoring(tmp_path: Path):
    made = Scoring(tmp_path, "none", tmp_path)
    made._command = [sys.executable, "-c", CHILD]
    yield made
    await made.close()


async def test_answers_belong_to_their_requests_and_one_process_serves_them(scoring: Scoring) -> None:
    answers = await asyncio.gather(*(scoring.ask("hits", text=f"问{number}") for number in range(5)))
    assert [answer["said"] for answer in answers] == [f"问{number}" for number in range(5)]
    assert len({answer["pid"] for answer in answers}) == 1


async def test_a_process_that_dies_is_told_and_another_serves_the_next_request(scoring: Scoring) -> None:
    first = (await scoring.ask("hits"))["pid"]
    with pytest.raises(Unavailable):
        await scoring.ask("die")
    os_killed = await scoring.ask("hits")
    assert os_killed["pid"] != first
    os.kill(os_killed["pid"], signal.SIGKILL)

    async def until_the_death_is_noticed() -> None:
        while True:
            await scoring.ask("hits")

    with pytest.raises(Unavailable):
        await until_the_death_is_noticed()
    assert (await scoring.ask("hits"))["pid"] != os_killed["pid"]


async def test_one_that_refuses_stays_and_one_that_dawdles_is_ended(
    scoring: Scoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = (await scoring.ask("hits"))["pid"]
    with pytest.raises(Unavailable):
        await scoring.ask("refuse")
    assert (await scoring.ask("hits"))["pid"] == pid
    monkeypatch.setattr(scoring_module, "PATIENCE_S", 0.3)
    with pytest.raises(Unavailable):
        await scoring.ask("dawdle")
    monkeypatch.undo()
    assert (await scoring.ask("hits"))["pid"] != pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_when_nobody_asks_for_long_the_process_goes(scoring: Scoring) -> None:
    scoring._idle_s = 0.05
    process = (await scoring.ask("hits")) and scoring._process
    assert process is not None
    await asyncio.wait_for(process.wait(), 20)
    scoring._idle_s = 60
    assert (await scoring.ask("hits"))["pid"] != process.pid


def test_files_are_read_again_for_every_request(faq: Path, entries) -> None:
    scorer = Scorer(faq, BagOfPairs(), None)
    first = scorer.answer({"what": "hits", "text": "怎么开发票"})
    (faq / "shop.yml").write_bytes(export(entries[:2], "yml"))
    second = scorer.answer({"what": "hits", "text": "怎么开发票"})
    assert first["version"] != second["version"]
    assert "invoice" not in {one["entry_id"] for one in second["candidates"]}
    assert len(files.load(faq).entries) == 2
