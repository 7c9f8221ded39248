from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

from language.normalise import normalise
from language.static_encoder import EncoderError, StaticEncoder

SHIPPED = Path(__file__).parents[3] / "models" / "words"
TEXTS = [
    "我的快递怎么还没到",
    "我的快遞怎麼還沒到",
    "ＡＰＰ闪退了, 重装3次也不行!!",
    "WiFi 密码",
    "\U0001f621",
    "",
    "   ",
    "订单A12345什么时候发货啊",
]


@pytest.fixture(scope="module")
def encoder() -> StaticEncoder:
    return StaticEncoder.load(SHIPPED)


def small_model(folder: Path, tensors: dict[str, np.ndarray]) -> Path:
    tokenizer = Tokenizer(models.Unigram([("<unk>", 0.0), ("退货", -1.0), ("换货", -1.0)], unk_id=0))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(folder / "tokenizer.json"))
    save_file(tensors, str(folder / "model.safetensors"))
    return folder


def test_vectors_are_those_of_sentence_transformers(encoder: StaticEncoder) -> None:
    library = pytest.importorskip("sentence_transformers")
    reference = library.SentenceTransformer(str(SHIPPED), device="cpu")
    wanted = reference.encode([normalise(t) for t in TEXTS])
    assert np.abs(encoder.encode(TEXTS) - wanted).max() < 1e-3


def test_vectors_have_unit_length_and_no_text_gives_nan(encoder: StaticEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), encoder.dimension)
    lengths = np.linalg.norm(vectors, axis=1)
    assert np.isfinite(vectors).all()
    assert np.allclose(lengths[[0, 1, 2, 3, 7]], 1.0, atol=1e-5)
    assert lengths[5] == lengths[6] == 0.0


def test_traditional_and_simplified_wordings_get_the_same_vector(encoder: StaticEncoder) -> None:
    a, b = encoder.encode(["我的快递怎么还没到", "我的快遞怎麼還沒到"])
    assert np.allclose(a, b)


def test_wordings_of_one_question_are_nearer_than_another_question(encoder: StaticEncoder) -> None:
    asked, same, other = encoder.encode(["退款多久到账", "钱什么时候能退回来", "怎么修改昵称"])
    assert asked @ same > asked @ other + 0.1


def test_word_vectors_add_up_to_the_sentence_vector(encoder: StaticEncoder) -> None:
    tokens, vectors = encoder.words("退款多久到账")
    assert "".join(tokens) == "退款多久到账"
    total = vectors.sum(axis=0)
    assert np.allclose(total / np.linalg.norm(total), encoder.encode(["退款多久到账"])[0], atol=1e-5)


def test_no_texts_give_an_empty_table(encoder: StaticEncoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dimension)
    assert encoder.words("")[1].shape == (0, encoder.dimension)


def test_half_precision_tables_are_read_too(tmp_path: Path) -> None:
    table = np.array([[9, 9], [3, 4], [0, 2]], dtype=np.float16)
    encoder = StaticEncoder.load(small_model(tmp_path, {"embedding.weight": table}))
    assert np.allclose(encoder.encode(["退货", "退货 换货", "?"]), [[0.6, 0.8], [1 / 5**0.5, 2 / 5**0.5], [0, 0]])


def test_eight_bit_tables_are_scaled_by_row(tmp_path: Path) -> None:
    tensors = {
        "embeddings": np.array([[0, 0], [3, 4], [0, 1]], dtype=np.int8),
        "weights": np.array([1.0, 1.0, 10.0], dtype=np.float32),
    }
    _, vectors = StaticEncoder.load(small_model(tmp_path, tensors)).words("退货 换货")
    assert vectors.tolist() == [[3, 4], [0, 10]]


@pytest.mark.parametrize("content", [None, "{}", '[{"type": "x.Transformer", "path": ""}]', "not json"])
def test_a_folder_that_is_no_static_encoder_is_refused_with_a_reason(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "modules.json").write_text(content)
    with pytest.raises(EncoderError, match=tmp_path.name):
        StaticEncoder.load(tmp_path)


def test_a_table_shorter_than_the_vocabulary_is_refused(tmp_path: Path) -> None:
    small_model(tmp_path, {"embedding.weight": np.zeros((2, 4), dtype=np.float32)})
    with pytest.raises(EncoderError, match="3 words"):
        StaticEncoder.load(tmp_path)


def test_the_manifest_tells_what_the_model_is(encoder: StaticEncoder) -> None:
    manifest = json.loads((SHIPPED / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["dimension"] == encoder.dimension
    assert manifest["licence"] == "CC-BY-SA-4.0"
    assert sum(p.stat().st_size for p in SHIPPED.rglob("*") if p.is_file()) < 30 * 2**20
