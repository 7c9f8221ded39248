"""The quick path against the plain one, and bases made step by step against bases made at once."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base import lexical, preparation
from knowledge_base.entry import FaqEntry
from knowledge_base.features import Base, Measured
from knowledge_base.files import load
from knowledge_base.finder import Finder
from knowledge_base.fusion import load_calibration, rule_of_thumb
from language.normalise import normalise
from language.static_encoder import StaticEncoder
from tests.unit.knowledge_base.conftest import BagOfPairs
from tests.unit.knowledge_base.plain_base import PlainBase

ROOT = Path(__file__).resolve().parents[3]
PIECES = [
    "退货",
    "退款",
    "发票",
    "优惠券",
    "快递",
    "会员",
    "积分",
    "尺码",
    "保修",
    "支付",
    "怎么",
    "多久",
    "可以",
    "吗",
    "什么时候",
    "申请",
    "到账",
    "不了",
    "修改",
    "查询",
]
DAY = date(2026, 1, 1)


class Shipped:
    """The shipped table of words as an encoder, without torch."""

    name = "shipped"

    def __init__(self) -> None:
        self.words = StaticEncoder.load(ROOT / "models" / "words")
        self.dimension, self.digest, self.encode = self.words.dimension, self.words.digest, self.words.encode


@pytest.fixture(scope="module")
def shipped() -> Shipped:
    return Shipped()


def made_up(count: int, seed: int = 0) -> list[FaqEntry]:
    """Entries of words that many of them share, so that scores tie and lists are long."""
    draw = random.Random(seed)

    def text() -> str:
        return "".join(draw.choices(PIECES, k=draw.randint(2, 5)))

    return [
        FaqEntry(
            f"e{n}", text() + str(n), text() * draw.randint(0, 3), tuple(text() for _ in range(draw.randint(0, 4)))
        )
        for n in range(count)
    ]


def same(measured: Measured, other: Measured) -> None:
    assert measured.entries.tolist() == other.entries.tolist()
    assert measured.features == pytest.approx(other.features, abs=2e-5)
    assert measured.query == pytest.approx(other.query, abs=2e-5)


def test_the_demo_base_ranks_and_weighs_as_the_plain_way_does(shipped):
    entries = load(ROOT / "knowledge_base" / "faq").entries
    golden = (ROOT / "knowledge_base" / "golden.jsonl").read_text("utf8").splitlines()
    plain, base, calibration = PlainBase(entries, shipped), Base(entries, shipped), load_calibration()
    for line in golden[::20]:
        text = normalise(json.loads(line)["text"])
        vector = shipped.encode([text])[0]
        expected, measured = plain.measure(text, vector), base.measure(text, vector)
        same(measured, expected)
        assert measured.matched.tolist() == expected.matched.tolist()
        assert calibration.probabilities(measured.features, measured.query) == pytest.approx(
            calibration.probabilities(expected.features, expected.query), abs=1e-4
        )


@pytest.mark.parametrize("at_once", [1, 40, 20_000])
def test_leaving_frequent_terms_for_last_changes_nothing(encoder, monkeypatch, at_once):
    monkeypatch.setattr(lexical, "_AT_ONCE", at_once)
    entries = made_up(120)
    plain, base = PlainBase(entries, encoder), Base(entries, encoder)
    for entry in made_up(25, seed=5):
        text = normalise(entry.question)
        vector = encoder.encode([text])[0]
        same(base.measure(text, vector), plain.measure(text, vector))


@pytest.mark.parametrize("graph_up_to", [0, 10**9], ids=["cells", "graph"])
def test_a_quick_index_decides_as_an_exact_one(shipped, monkeypatch, graph_up_to):
    entries = load(ROOT / "knowledge_base" / "faq").entries
    exact = Finder.build(entries, shipped)
    monkeypatch.setattr("knowledge_base.text_index.EXACT_UP_TO_NUMBERS", 0)
    monkeypatch.setattr("knowledge_base.text_index.GRAPH_UP_TO_NUMBERS", graph_up_to)
    monkeypatch.setattr("knowledge_base.text_index.WHOLE_UP_TO_NUMBERS", 0)
    quick = Finder.build(entries, shipped)
    assert quick.base.index is not None
    assert quick.base.index.effort
    assert bool(quick.base.index.cells) is (graph_up_to == 0)
    golden = (ROOT / "knowledge_base" / "golden.jsonl").read_text("utf8").splitlines()
    texts = [json.loads(line)["text"] for line in golden[::8]]
    agreed = sum(
        one.outcome is other.outcome
        and one.candidates[:1]
        and one.candidates[0].entry_id == other.candidates[0].entry_id
        for one, other in zip(exact.find_many(texts), quick.find_many(texts))
    )
    assert agreed >= 0.95 * len(texts)


EDITS = st.lists(
    st.lists(st.tuples(st.integers(0, 59), st.sampled_from(["drop", "change", "add", "move"])), max_size=12),
    min_size=1,
    max_size=4,
)


def edited(entries: list[FaqEntry], edits: list[tuple[int, str]], step: int) -> list[FaqEntry]:
    out = list(entries)
    for at, kind in edits:
        place = at % max(1, len(out))
        fresh = FaqEntry(
            f"n{step}-{at}", f"{PIECES[at % 20]}新{step}{at}", PIECES[at % 7], channels=("web",) * (at % 2)
        )
        if kind == "add" or not out:
            if all(entry.id != fresh.id for entry in out):
                out.insert(place, fresh)
        elif kind == "drop":
            out.pop(place)
        elif kind == "change":
            out[place] = replace(out[place], question=f"{out[place].question}{step}")
        else:
            out.insert(0, out.pop(place))
    return out


@settings(deadline=None, max_examples=25)
@given(EDITS, st.booleans())
def test_a_base_edited_step_by_step_is_the_base_made_at_once(edits, gather):
    encoder = BagOfPairs()
    entries = made_up(60)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preparation, "ONE_SEGMENT", 20)
        base = Base(entries, encoder)
        for step, some in enumerate(edits):
            entries = edited(entries, some, step)
            held = base.preparation.gathered() if gather and base.preparation.segments else base.preparation
            encoder.asked.clear()
            known = {entry.digest for entry in base.entries}
            base = Base(entries, encoder, previous=held)
            new = [text for e in entries if e.digest not in known for text in (*e.wordings, e.answer)]
            assert encoder.asked == new, "only what changed is encoded"
        afresh = Base(entries, encoder)
        assert base.served(DAY, "app").tolist() == [entry.is_served(DAY, "app") for entry in entries]
        assert np.allclose(base.vectors, afresh.vectors)
        for text in ("怎么退货", "发票什么时候到账", "新0优惠券", "修改会员积分吗"):
            vector = encoder.encode([text])[0]
            same(base.measure(text, vector), afresh.measure(text, vector))
            ranked = [one.base for one in (Finder(base, rule_of_thumb()), Finder(afresh, rule_of_thumb()))]
            assert ranked[0].nearest_wordings(vector[None], 5)[0] == pytest.approx(
                ranked[1].nearest_wordings(vector[None], 5)[0], abs=1e-5
            )
