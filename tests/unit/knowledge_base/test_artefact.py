from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge_base.artefact import ArtefactMismatchError, open_preparation, read_manifest, save
from knowledge_base.entry import digest_of
from knowledge_base.finder import Finder
from knowledge_base.fusion import rule_of_thumb
from knowledge_base.text_index import ENOUGH_RECALL


@pytest.fixture
def kept(tmp_path: Path, entries, encoder) -> Path:
    finder = Finder.build(entries, encoder, rule_of_thumb())
    save(tmp_path / "index", finder.base.preparation, encoder)
    return tmp_path / "index"


def test_a_base_opened_again_decides_the_same_and_encodes_nothing(kept, entries, encoder):
    afresh = Finder.build(entries, encoder, rule_of_thumb())
    encoder.asked.clear()
    preparation = open_preparation(kept, encoder, digest_of(entries))
    opened = Finder.build(entries, encoder, rule_of_thumb(), previous=preparation)
    assert encoder.asked == []
    assert opened.version == afresh.version
    for text in ("周末几点上班", "退款多久到账", "开发票", "什么时候发货"):
        assert replace(opened.find(text), took_ms=0) == replace(afresh.find(text), took_ms=0)


def test_the_manifest_says_what_it_was_made_of(kept, entries, encoder):
    manifest = read_manifest(kept)
    assert manifest.encoder == encoder.name
    assert manifest.encoder_digest == encoder.digest
    assert manifest.dimension == encoder.dimension
    assert manifest.source == digest_of(entries)
    assert manifest.entries == len(entries)


def test_another_encoder_is_refused_by_name(kept, encoder):
    encoder.digest = "another"
    with pytest.raises(ArtefactMismatchError, match=r"encoder_digest differs \(made with bag-of-pairs\).*kb index"):
        open_preparation(kept, encoder)


def test_other_entries_are_refused(kept, encoder):
    with pytest.raises(ArtefactMismatchError, match="source differs"):
        open_preparation(kept, encoder, "0" * 64)


@pytest.mark.parametrize(
    ("field", "value"), [("dimension", 7), ("metric", "euclidean"), ("normaliser", -1), ("format", 99)]
)
def test_any_other_difference_is_refused(kept, encoder, field, value):
    path = kept / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    with pytest.raises(ArtefactMismatchError, match=field):
        open_preparation(kept, encoder)


def test_damage_is_seen(kept, encoder):
    path = kept / "prepared.npz"
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(ArtefactMismatchError, match="damaged"):
        open_preparation(kept, encoder)
    path.unlink()
    with pytest.raises(ArtefactMismatchError, match="cannot be read"):
        open_preparation(kept, encoder)
    (kept / "manifest.json").write_text("{}")
    with pytest.raises(ArtefactMismatchError, match="manifest"):
        open_preparation(kept, encoder)


def test_saving_again_replaces_the_folder_and_leaves_nothing_behind(kept, entries, encoder):
    finder = Finder.build(entries[:2], encoder, rule_of_thumb())
    save(kept, finder.base.preparation, encoder)
    assert read_manifest(kept).entries == 2
    assert [path.name for path in kept.parent.iterdir()] == ["index"]


@pytest.mark.parametrize(("graph_up_to", "kind"), [(0, "IndexIVFScalarQuantizer"), (10**9, "IndexHNSWSQ")])
def test_quick_indexes_are_kept_too(tmp_path, entries, encoder, monkeypatch, graph_up_to, kind):
    monkeypatch.setattr("knowledge_base.text_index.GRAPH_UP_TO_NUMBERS", graph_up_to)
    monkeypatch.setattr("knowledge_base.text_index.EXACT_UP_TO_NUMBERS", 0)
    finder = Finder.build(entries, encoder, rule_of_thumb())
    save(tmp_path / "index", finder.base.preparation, encoder)
    preparation = open_preparation(tmp_path / "index", encoder)
    assert read_manifest(tmp_path / "index").indexes["asked_index"]["recall"] >= ENOUGH_RECALL
    opened = Finder.build(entries, encoder, rule_of_thumb(), previous=preparation)
    assert opened.base.index == finder.base.index
    assert kind in str(opened.base.index)
    assert opened.find("怎么开发票").candidates[0].entry_id == "invoice"
    (tmp_path / "index" / "asked_index.faiss").write_bytes(b"")
    with pytest.raises(ArtefactMismatchError):
        open_preparation(tmp_path / "index", encoder)
