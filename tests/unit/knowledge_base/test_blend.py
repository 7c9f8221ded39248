from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from knowledge_base.blend import FILE, Blend


def unit(rows: int, columns: int, seed: int) -> np.ndarray:
    drawn = np.random.RandomState(seed).randn(rows, columns).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


WORDS, SENTENCES = unit(200, 6, 0), unit(200, 8, 1)


def test_with_every_direction_kept_a_cosine_is_the_weighted_mean_of_both():
    blend = Blend.fit(WORDS, SENTENCES, share=0.25, dimension=14)
    moved = SENTENCES - SENTENCES.mean(axis=0)
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    blended = blend(WORDS, SENTENCES)
    wanted = 0.75 * WORDS @ WORDS.T + 0.25 * moved @ moved.T
    assert np.allclose(blended @ blended.T, wanted, atol=1e-4)


def test_fewer_directions_keep_unit_length_and_most_of_the_likeness():
    blend = Blend.fit(WORDS, SENTENCES, share=0.5, dimension=10)
    blended = blend(WORDS, SENTENCES)
    assert blended.shape == (200, 10)
    assert np.allclose(np.linalg.norm(blended, axis=1), 1, atol=1e-5)
    whole = Blend.fit(WORDS, SENTENCES, share=0.5, dimension=14)(WORDS, SENTENCES)
    assert np.corrcoef((blended @ blended.T).ravel(), (whole @ whole.T).ravel())[0, 1] > 0.9


def test_a_text_without_a_known_word_is_left_to_the_sentence_encoder():
    blend = Blend.fit(WORDS, SENTENCES, share=0.5, dimension=14)
    silent = blend(np.zeros((1, 6), np.float32), SENTENCES[:1])
    assert np.isfinite(silent).all()
    assert np.linalg.norm(silent) == pytest.approx(1, abs=1e-5)


def test_it_is_kept_in_the_model_folder_and_its_digest_names_it(tmp_path: Path):
    assert Blend.load(tmp_path) is None
    blend = Blend.fit(WORDS, SENTENCES, share=0.5, dimension=10)
    blend.save(tmp_path)
    read = Blend.load(tmp_path)
    assert read is not None
    assert np.array_equal(read(WORDS, SENTENCES), blend(WORDS, SENTENCES))
    assert read.digest == blend.digest != Blend.fit(WORDS, SENTENCES, share=0.4, dimension=10).digest


def test_a_broken_file_is_named(tmp_path: Path):
    (tmp_path / FILE).write_bytes(b"nonsense")
    with pytest.raises(ValueError, match=FILE):
        Blend.load(tmp_path)
    Blend(np.zeros(8), WORDS[:6], SENTENCES[:7].T).save(tmp_path)
    with pytest.raises(ValueError, match="do not fit"):
        Blend.load(tmp_path)
