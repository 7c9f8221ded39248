from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot import train


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A trained model of today's inputs, as the manifest tells it."""
    for name, path in (("MODEL", "m.tar.gz"), ("MANIFEST", "manifest.json"), ("SPACY", "spacy")):
        monkeypatch.setattr(train, name, tmp_path / path)
    (tmp_path / "spacy").mkdir()
    (tmp_path / "m.tar.gz").write_bytes(b"model")
    (tmp_path / "manifest.json").write_text(json.dumps({"inputs": {"config.yml": "1", "domain.yml": "2"}}))
    return tmp_path


def test_the_same_inputs_need_no_training(model: Path) -> None:
    assert train.changes({"config.yml": "1", "domain.yml": "2"}) == []


def test_a_changed_a_new_and_a_lost_input_are_named(model: Path) -> None:
    assert train.changes({"config.yml": "9", "data/new.yml": "3"}) == ["config.yml", "data/new.yml", "domain.yml"]


@pytest.mark.parametrize("lost", ["m.tar.gz", "manifest.json"])
def test_without_a_model_or_its_manifest_it_is_trained(model: Path, lost: str) -> None:
    (model / lost).unlink()
    assert train.changes({"config.yml": "1", "domain.yml": "2"}) != []


def test_a_manifest_cut_short_is_no_manifest(model: Path) -> None:
    (model / "manifest.json").write_text('{"inputs": {"con')
    assert train.changes({}) == ["no manifest"]


def test_everything_that_makes_the_model_is_an_input() -> None:
    names = set(train.inputs())
    for wanted in ("config.yml", "domain.yml", "data/rules/faq.yml", "bot/components/chat_guard.py", "faq words"):
        assert wanted in names
    assert any(name.startswith("data/nlu/") for name in names)
    assert any(name.startswith("words/") for name in names)


def test_another_word_table_than_the_model_was_trained_with_is_noticed(model: Path) -> None:
    manifest = model / "manifest.json"
    manifest.write_text(json.dumps({"inputs": train.word_table_inputs() | {"config.yml": "1"}}))
    assert not train.word_table_differs(manifest)
    manifest.write_text(json.dumps({"inputs": {"words/model.safetensors": "another"}}))
    assert train.word_table_differs(manifest)
    assert not train.word_table_differs(model / "nowhere.json")


def test_check_says_by_its_status_whether_to_train(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train, "inputs", lambda: {"config.yml": "1", "domain.yml": "2"})
    assert train.main(["--check"]) == 0
    assert train.main(["--if-changed"]) == 0
    monkeypatch.setattr(train, "inputs", lambda: {"config.yml": "1"})
    assert train.main(["--check"]) == 1
    assert "domain.yml" in capsys.readouterr().out
