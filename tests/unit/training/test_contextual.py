from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from training.artefact import write_sentences
from training.contextual import Contextual, Settings, train
from training.corpora import Question
from training.pieces import choose
from training.teacher import PackedModel

TEXTS = ["怎么退货", "退款多久到账呢", "我要退货", "钱什么时候退回来", "运费谁出", "邮费要我付吗"]


class TinyTeacher(PackedModel):
    """A teacher of eight dimensions with random weights, as the packed file would give them."""

    @classmethod
    def make(cls) -> TinyTeacher:
        letters = sorted(set("".join(TEXTS)))
        pieces = [(p, 0.0) for p in ("<s>", "<pad>", "</s>", "<unk>")]
        pieces += [("▁", -2.0), *((c, -3.0) for c in letters), ("退货", -3.5), ("一个没有人用的词", -9.0)]
        return cls(8, 2, 2, 16, 20, 1e-12, (0, 2, 1, 3), pieces, b"", {})

    def floats(self, name: str) -> torch.Tensor:
        sizes = {"emb.pos": 20 * 8, "emb.type": 16, "fi.b": 16}
        size = next((n for key, n in sizes.items() if name.endswith(key)), 8)
        return torch.ones(size) if name.endswith("ln.w") else self._random(name, size)

    def matrix(self, name: str, rows: object, columns: int) -> torch.Tensor:
        count = len(rows) if rows is not None else 16 if name.endswith("fi.w") else 8  # type: ignore[arg-type]
        return self._random(name, count * columns).reshape(count, columns)

    def _random(self, name: str, size: int) -> torch.Tensor:
        return torch.tensor(np.random.RandomState(sum(name.encode())).randn(size).astype(np.float32) * 0.2)


@pytest.fixture
def model() -> Contextual:
    teacher = TinyTeacher.make()
    return Contextual(teacher, choose(teacher, TEXTS, size=40, longest=12), layers=2)


def test_pieces_keep_every_character_and_drop_what_nobody_writes():
    teacher = TinyTeacher.make()
    pieces = choose(teacher, TEXTS, size=len(teacher.pieces) - 1, longest=12)
    vocabulary = pieces.tokenizer.get_vocab()
    assert set("".join(TEXTS)) <= set(vocabulary)
    assert "退货" in vocabulary
    assert "一个没有人用的词" not in vocabulary


def test_rows_begin_and_end_and_are_cut_to_the_longest(model):
    short, long = model.pieces.rows(["退货", "退货" * 50])
    begin, end = (model.pieces.tokenizer.token_to_id(sign) for sign in ("<s>", "</s>"))
    assert (short[0], short[-1]) == (begin, end)
    assert (len(long), long[0], long[-1]) == (12, begin, end)


def test_a_text_has_one_vector_whatever_stands_beside_it(model):
    together = model.encode(TEXTS)
    alone = np.concatenate([model.encode([text]) for text in TEXTS])
    assert np.allclose(together, alone, atol=1e-6)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_sentence_transformers_reads_the_same_vectors_from_the_folder(model, tmp_path: Path):
    from sentence_transformers import SentenceTransformer

    (tmp_path / "old.txt").write_text("of an earlier model")
    write_sentences(tmp_path, model, {"name": "tiny"})
    read = SentenceTransformer(str(tmp_path), device="cpu").encode(TEXTS)
    assert (read * model.encode(TEXTS)).sum(axis=1).min() > 0.9999
    assert not (tmp_path / "old.txt").exists()


def test_training_brings_the_wordings_of_a_question_together(model):
    questions = [
        Question("shop", TEXTS[n], (TEXTS[n + 1],), (TEXTS[(n + 2) % 6],)) for n in (0, 2, 4)
    ]  # fmt: skip
    before = model.encode(TEXTS)
    told: list[dict[str, float]] = []
    settings = Settings(
        layers=2, steps=100, sentences=6, questions=3, near_misses=0, rate=3e-3, word_rate=3e-3, warm_up=5
    )
    train(model, TEXTS, before, questions, lambda text, rng: text, settings, lambda step, losses: told.append(losses))
    first = next(losses for losses in told)
    assert told[-1]["paraphrase"] < 0.8 * first["paraphrase"]
    scores = model.encode(TEXTS[0::2]) @ model.encode(TEXTS[1::2]).T
    assert scores.argmax(axis=1).tolist() == [0, 1, 2]


def test_training_is_the_same_with_the_same_seed():
    vectors = []
    for _ in range(2):
        teacher = TinyTeacher.make()
        made = Contextual(teacher, choose(teacher, TEXTS, size=40, longest=12), layers=1)
        questions = [Question("shop", TEXTS[n], (TEXTS[n + 1],), ()) for n in (0, 2, 4)]
        settings = Settings(layers=1, steps=5, sentences=4, questions=3, near_misses=0, warm_up=1)

        def misspell(text: str, rng: random.Random) -> str:
            return text[: 1 + rng.randrange(len(text))]

        train(made, TEXTS, made.encode(TEXTS), questions, misspell, settings, lambda step, losses: None)
        vectors.append(made.encode(TEXTS))
    assert np.array_equal(vectors[0], vectors[1])
