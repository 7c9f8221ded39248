from __future__ import annotations

from pathlib import Path

import numpy as np

from knowledge_base.vectors import EmbeddingCache, encode


def test_a_text_is_encoded_once_whatever_its_spelling_and_however_many_processes(tmp_path: Path, encoder):
    first = EmbeddingCache(tmp_path).encode(encoder, ["怎么退货", "ＡＢＣ 退款", "怎么退货"])
    assert encoder.asked == ["怎么退货", "ＡＢＣ 退款"]
    again = EmbeddingCache(tmp_path)
    second = again.encode(encoder, ["怎麼退貨", "abc 退款", "新的"])
    assert encoder.asked[2:] == ["新的"]
    assert again.encoded == 1
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])


def test_another_encoder_never_sees_these_vectors(tmp_path: Path, encoder):
    cache = EmbeddingCache(tmp_path)
    cache.encode(encoder, ["怎么退货"])
    other = type(encoder)()
    other.digest = "another"
    cache.encode(other, ["怎么退货"])
    assert other.asked == ["怎么退货"]


def test_a_broken_cache_costs_time_and_nothing_else(tmp_path: Path, encoder):
    (tmp_path / "embeddings.sqlite").write_bytes(b"this is no database" * 100)
    cache = EmbeddingCache(tmp_path)
    assert cache.encode(encoder, ["怎么退货"]).shape == (1, encoder.dimension)
    cache.encode(encoder, ["怎么退货"])
    assert cache.encode(encoder, ["怎么退货"]).any()
    assert encoder.asked.count("怎么退货") <= 2


def test_a_folder_that_cannot_be_made_is_done_without(tmp_path: Path, encoder):
    (tmp_path / "file").write_text("")
    cache = EmbeddingCache(tmp_path / "file" / "cache")
    assert cache.encode(encoder, ["怎么退货"]).any()


def test_vectors_of_another_length_are_not_taken(tmp_path: Path, encoder):
    EmbeddingCache(tmp_path).encode(encoder, ["怎么退货"])
    shorter = type(encoder)()
    shorter.dimension = 64
    assert EmbeddingCache(tmp_path).encode(shorter, ["怎么退货"]).shape == (1, 64)


def test_without_a_cache_everything_is_encoded(encoder):
    encode(encoder, ["甲", "甲"], None)
    assert encoder.asked == ["甲", "甲"]
