from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.features import ENTRY_FEATURES, QUERY_FEATURES
from knowledge_base.fusion import Calibration, CalibrationError, Network, Thresholds, load_calibration, rule_of_thumb


def random_network(inputs: int, hidden: int, seed: int) -> Network:
    draw = np.random.default_rng(seed)

    def some(*shape: int) -> np.ndarray:
        return draw.normal(size=shape).astype(np.float32)

    layers = ((some(inputs, hidden), some(hidden)), (some(hidden, 1), some(1)))
    return Network(some(inputs), np.abs(some(inputs)) + 0.1, layers)


@pytest.fixture
def calibration() -> Calibration:
    entry = random_network(len(ENTRY_FEATURES), 6, 1)
    none = random_network(len(QUERY_FEATURES), 4, 2)
    return Calibration(entry, none, Thresholds(0.7, 0.1, 0.4), "digest", {"a": 1})


def some_features(candidates: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(3)
    features = draw.random((candidates, len(ENTRY_FEATURES)), np.float32)
    return features, draw.random(len(QUERY_FEATURES), np.float32)


def test_probabilities_and_none_share_one(calibration):
    features, query = some_features(9)
    p = calibration.probabilities(features, query)
    assert p.shape == (9,)
    assert (p > 0).all()
    assert p.sum() < 1


def test_a_rival_takes_probability_away(calibration):
    features, query = some_features(4)
    alone = calibration.probabilities(features[:1], query)[0]
    beside = calibration.probabilities(features[[0, 0]], query)[0]
    assert beside < alone


def test_no_candidates_give_no_probabilities(calibration):
    features, query = some_features(0)
    assert calibration.probabilities(features, query).shape == (0,)


def test_a_saved_calibration_decides_the_same(calibration, tmp_path: Path):
    path = tmp_path / "deep" / "calibration.json"
    calibration.save(path)
    again = load_calibration(path)
    features, query = some_features(7)
    expected = calibration.probabilities(features, query)
    assert np.allclose(again.probabilities(features, query), expected, atol=1e-5)
    assert again.thresholds == calibration.thresholds
    assert again.digest == calibration.digest


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.update(format=99),
        lambda d: d.pop("none"),
        lambda d: d["entry"]["mean"].pop(),
        lambda d: d["entry"]["layers"].pop(),
        lambda d: d["entry_features"].reverse(),
        lambda d: d["thresholds"].update(extra=1),
        lambda d: d["entry"].update(scale=[0.0] * len(ENTRY_FEATURES)),
    ],
)
def test_a_calibration_that_does_not_fit_is_refused_by_name(calibration, tmp_path: Path, spoil):
    document = json.loads(json.dumps(calibration.to_json()))
    spoil(document)
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(document))
    with pytest.raises(CalibrationError, match=r"calibration\.json"):
        load_calibration(path)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(CalibrationError, match=r"none\.json"):
        load_calibration(tmp_path / "none.json")


def test_the_rule_of_thumb_prefers_what_is_nearer():
    near = np.full((1, len(ENTRY_FEATURES)), 0.9, np.float32)
    features = np.concatenate([near, near * 0.3])
    p = rule_of_thumb().probabilities(features, np.full(len(QUERY_FEATURES), 0.3, np.float32))
    assert p[0] > p[1]
