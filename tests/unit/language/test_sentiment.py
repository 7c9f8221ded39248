from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from language.sentiment import (
    FEATURE_VERSION,
    LABELS,
    LONGEST_LINE,
    OUTPUTS,
    SentimentError,
    SentimentModel,
    features,
    mood_classes,
    outline,
    trimmed,
)

SHIPPED = Path(__file__).parents[3] / "models" / "sentiment"


@pytest.fixture(scope="module")
def model() -> SentimentModel:
    return SentimentModel.load(SHIPPED)


def write(folder: Path, weights: np.ndarray, bias: np.ndarray, **manifest: object) -> Path:
    save_file({"weights": weights, "bias": bias}, str(folder / "model.safetensors"))
    told = {"feature_version": FEATURE_VERSION, "thresholds": {"wants_human": 0.5, "threat": 0.5}} | manifest
    (folder / "manifest.json").write_text(json.dumps(told), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("你们就是一群骗子,还我钱!!!", "negative"),
        ("谢谢,解决了,服务真好", "positive"),
        ("退款多久到账", "neutral"),
        ("气死我了", "negative"),
    ],
)
def test_plain_moods_are_read(model: SentimentModel, text: str, label: str) -> None:
    assert model.read(text).label == label


def test_a_question_about_complaining_is_no_threat(model: SentimentModel) -> None:
    read = model.read("怎么投诉快递员")
    assert not model.threat_yes(read)
    assert read.anger < 1


def test_denied_anger_is_no_anger(model: SentimentModel) -> None:
    assert model.read("我不生气").anger < 1


def test_artificial_things_are_no_request_for_a_person(model: SentimentModel) -> None:
    assert not model.wants_human_yes(model.read("人工智能课程"))
    assert model.wants_human_yes(model.read("转人工"))
    assert model.wants_human_yes(model.read("轉接真人客服"))


def test_a_declared_step_to_the_regulator_is_a_threat(model: SentimentModel) -> None:
    assert model.threat_yes(model.read("再不退款我就打12315投诉你们"))


def test_an_angry_face_alone_is_no_calm_line(model: SentimentModel) -> None:
    assert model.read("😡😡").label == "negative"


def test_fury_weighs_more_than_annoyance(model: SentimentModel) -> None:
    assert model.read("草你妈的垃圾骗子,去死吧!!!").anger > model.read("怎么这么慢").anger > 0.3


def test_probabilities_add_up_and_stay_in_bounds(model: SentimentModel) -> None:
    for text in ["", "?", "你好", "😡😡😡", "a" * 5000, "转人工" * 300, "\u200b\u200b"]:
        read = model.read(text)
        assert math.isclose(read.negative + read.neutral + read.positive, 1.0, abs_tol=1e-5)
        assert 0.0 <= read.anger <= 3.0
        assert 0.0 <= read.wants_human <= 1.0
        assert 0.0 <= read.threat <= 1.0
        assert read.label in LABELS


@pytest.mark.parametrize("text", ["", " \u200b ", "？？？", "！！！！", "。。。", "......"])
def test_nothing_said_is_neutral(model: SentimentModel, text: str) -> None:
    read = model.read(text)
    assert (read.label, read.anger, read.wants_human, read.threat) == ("neutral", 0.0, 0.0, 0.0)


def test_the_words_that_weighed_come_from_the_line_strongest_first(model: SentimentModel) -> None:
    read = model.read("垃圾快递,等了一周还没到")
    assert read.words
    assert all(word in "垃圾快递,等了一周还没到" for word, _ in read.words)
    weights = [weight for _, weight in read.words]
    assert weights == sorted(weights, reverse=True)
    assert all(weight > 0 for weight in weights)
    assert "垃圾" in dict(read.words)


def test_explanation_names_the_word_that_the_model_weighs(tmp_path: Path) -> None:
    line = trimmed("快递很糟糕")
    weights = np.zeros((1024, len(OUTPUTS)), dtype=np.float16)
    for feature in features(line, 1024):
        if line[feature.start : feature.end] == "糟糕":
            weights[feature.bucket, 0] = 5.0
    model = SentimentModel.load(write(tmp_path, weights, np.zeros(len(OUTPUTS), dtype=np.float32)))
    read = model.read("快递很糟糕")
    assert read.label == "negative"
    assert read.words[0][0] == "糟糕"


def test_anger_at_a_level_implies_the_levels_below(tmp_path: Path) -> None:
    bias = np.array([0, 0, 0, -30, 30, 30, 0, 0], dtype=np.float32)
    weights = np.zeros((64, len(OUTPUTS)), dtype=np.float16)
    assert SentimentModel.load(write(tmp_path, weights, bias)).read("好").anger < 1e-3


def test_a_long_line_is_read_at_its_start_and_end() -> None:
    line = "头" + "中" * 2000 + "尾"
    assert len(trimmed(line)) == LONGEST_LINE
    assert trimmed(line)[0] == "头"
    assert trimmed(line)[-1] == "尾"


def test_classes_know_order_negation_and_the_longest_word() -> None:
    assert "kconnect>person" in {name for name, _, _ in mood_classes("转一下人工")}
    assert "kperson" not in {name for name, _, _ in mood_classes("人工智能课程")}
    assert "kannoyed-" in {name for name, _, _ in mood_classes("我没烦")}


def test_the_outline_is_the_same_whomever_one_asks_for() -> None:
    assert {name for name, _, _ in outline("叫店长来")} == {name for name, _, _ in outline("叫药师来")}
    assert "o<connect><role>来" in {name for name, _, _ in outline("叫 店长 来")}
    assert outline("嗯") == []


@pytest.mark.parametrize("text", ["让药师给我回个电话", "叫你们能做主的来", "别机器回复了，找活人", "麻烦店長回電"])
def test_a_person_is_asked_for_in_many_ways(model: SentimentModel, text: str) -> None:
    assert model.wants_human_yes(model.read(text))


@pytest.mark.parametrize("text", ["药师几点上班", "师傅什么时候上门", "人工费多少", "别给我打电话", "昨天跟客服聊过"])
def test_people_spoken_of_are_not_asked_for(model: SentimentModel, text: str) -> None:
    assert not model.wants_human_yes(model.read(text))


def test_thresholds_come_from_the_manifest(tmp_path: Path) -> None:
    weights = np.zeros((64, len(OUTPUTS)), dtype=np.float16)
    folder = write(
        tmp_path, weights, np.zeros(len(OUTPUTS), dtype=np.float32), thresholds={"wants_human": 0.4, "threat": 0.6}
    )
    model = SentimentModel.load(folder)
    read = model.read("好")
    assert model.wants_human_yes(read)
    assert not model.threat_yes(read)


def test_a_model_of_other_features_is_refused(tmp_path: Path) -> None:
    weights = np.zeros((64, len(OUTPUTS)), dtype=np.float16)
    write(tmp_path, weights, np.zeros(len(OUTPUTS), dtype=np.float32), feature_version=FEATURE_VERSION - 1)
    with pytest.raises(SentimentError, match="features version"):
        SentimentModel.load(tmp_path)


def test_a_folder_without_a_model_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SentimentError, match=tmp_path.name):
        SentimentModel.load(tmp_path)


def test_weights_of_the_wrong_shape_are_refused(tmp_path: Path) -> None:
    write(tmp_path, np.zeros((64, 3), dtype=np.float16), np.zeros(3, dtype=np.float32))
    with pytest.raises(SentimentError, match="outputs"):
        SentimentModel.load(tmp_path)
