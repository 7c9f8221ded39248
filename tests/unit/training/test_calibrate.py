from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.features import ENTRY_FEATURES, QUERY_FEATURES
from knowledge_base.finder import decide
from knowledge_base.fusion import Thresholds
from tests.unit.knowledge_base.conftest import BagOfPairs
from training import calibrate
from training.calibrate import Ranking, choose_thresholds, figures, fit
from training.examples import Example, dev_examples, fold_of

BEST = ENTRY_FEATURES.index("best_wording")
FIELD = QUERY_FEATURES.index("best_wording")


def made_up(count: int, seed: int = 0) -> list[Example]:
    """Queries whose right entry has the larger cosine, and queries without one, where all are small."""
    draw = np.random.default_rng(seed)
    examples = []
    for number in range(count):
        inside = number % 3 != 0
        features = draw.uniform(0, 0.3, (6, len(ENTRY_FEATURES))).astype(np.float32)
        gold = np.zeros(6, bool)
        if inside:
            gold[number % 6] = True
            features[gold, BEST] = draw.uniform(0.4, 0.9)
        query = np.zeros(len(QUERY_FEATURES), np.float32)
        query[FIELD] = features[:, BEST].max()
        source = "in" if inside else calibrate.HARD
        examples.append(Example(features, query, gold, None, f"q{number}", source, inside))
    return examples


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return made_up(240)


def test_what_was_fitted_ranks_and_refuses_on_questions_it_has_not_seen(examples):
    model = fit(examples)
    unseen = made_up(90, seed=5)
    ranking = Ranking.of(unseen, [model.probabilities(e.features, e.query) for e in unseen])
    row = figures(ranking, Thresholds(answer=0.5, lead=0.1, clarify=0.4))
    assert row["hit@1"] > 0.95
    assert row["answered_right"] > 0.8
    assert row["oos_answered"] < 0.1


def test_more_likeness_never_lowers_an_entry_even_if_the_data_say_so(examples):
    def turned(example: Example) -> Example:
        """The right entry is the one that shares fewest words, as among questions chosen for that."""
        features = example.features.copy()
        features[example.gold, ENTRY_FEATURES.index("words_asked")] = 0.0
        return replace(example, features=features)

    model = fit([turned(example) for example in examples])
    start = np.random.default_rng(1).uniform(0, 0.5, (50, len(ENTRY_FEATURES))).astype(np.float32)
    for column, name in enumerate(ENTRY_FEATURES):
        if name in calibrate.NEITHER:
            continue
        more = start.copy()
        more[:, column] += 0.3
        change = model.entry(more) - model.entry(start)
        assert (change <= 1e-5).all() if name in calibrate.AGAINST else (change >= -1e-5).all(), name


def test_equal_data_gives_equal_weights(examples):
    first, second = fit(examples[:60]), fit(examples[:60])
    assert first.digest == second.digest


def test_a_near_miss_takes_probability_from_its_own_question(examples):
    features = examples[1].features
    own = examples[1].gold
    near = replace(examples[1], gold=np.zeros(6, bool), own=own, in_scope=False, source="near_miss")
    without = fit(examples[:60]).probabilities(features, near.query)[own]
    with_it = fit([*examples[:60], *[near] * 30]).probabilities(features, near.query)[own]
    assert with_it < without


def test_figures_are_those_of_the_finder_s_own_decision(examples):
    draw = np.random.default_rng(1)
    probabilities = []
    for example in examples:
        raw = draw.random(7) ** 4
        probabilities.append((raw / raw.sum())[: len(example.gold)].astype(np.float32))
    thresholds = Thresholds(answer=0.5, lead=0.2, clarify=0.6)
    row = figures(Ranking.of(examples, probabilities), thresholds)
    outcomes = []
    for example, p in zip(examples, probabilities):
        order = np.argsort(-p)
        outcomes.append((decide(list(p[order]), thresholds)[0].value, example.gold[order[0]], example.in_scope))
    inside = [(outcome, right) for outcome, right, scope in outcomes if scope]
    assert row["answered_right"] == pytest.approx(np.mean([o == "answer" and r for o, r in inside]), abs=1e-4)
    assert row["missed"] == pytest.approx(np.mean([o == "miss" for o, _ in inside]), abs=1e-4)
    outside = [outcome for outcome, _, scope in outcomes if not scope]
    assert row["oos_clarified"] == pytest.approx(np.mean([o == "clarify" for o in outside]), abs=1e-4)


def test_thresholds_keep_to_the_bounds(examples):
    model = fit(examples)
    ranking = Ranking.of(examples, [model.probabilities(e.features, e.query) for e in examples])
    row = figures(ranking, choose_thresholds(ranking))
    assert row["answered_wrong"] <= calibrate.MOST_WRONG
    assert row["oos_answered"] <= calibrate.MOST_HARD_ANSWERED
    assert row["answered_right"] > 0.8


def test_questions_and_not_sentences_are_divided(tmp_path: Path):
    folder = tmp_path / "dev"
    folder.mkdir()
    entries = [{"id": f"e{n}", "question": f"第{n}个问题怎么办{n}", "answer": "答"} for n in range(8)]
    queries = [{"text": f"问题{n}如何{m}", "gold": [f"e{n}"]} for n in range(8) for m in range(3)]
    outside = [{"text": "今天天气", "type": "chitchat"}, {"text": "别的问题", "type": "hard", "near": "e1"}]
    for name, rows in (("kb_a", entries), ("queries_a", queries), ("oos", outside)):
        (folder / f"{name}.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    found = dev_examples(folder, BagOfPairs())
    parts: dict[str, set[int]] = {}
    for example in found:
        parts.setdefault(example.part, set()).add(fold_of(example.part))
    assert all(len(folds) == 1 for folds in parts.values())
    assert sum(e.in_scope for e in found) == 48
    removed = [e for e in found if e.source == "removed"]
    assert len(removed) == 24
    assert not any(e.gold.any() for e in removed)
    assert {e.source for e in found} == {"a", "removed", "together", "oos_chitchat", "oos_hard"}
