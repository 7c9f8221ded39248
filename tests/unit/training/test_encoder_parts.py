from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import numpy as np
import pytest

from language.static_encoder import StaticEncoder
from training.artefact import digest, write_words
from training.corpora import DataMissing, Question, emotion_lines, questions, table
from training.noise import Misspeller
from training.targets import choose_sentences
from training.vocabulary import UNKNOWN, build_tokenizer, choose

ROOT = Path(__file__).parents[3]


def test_the_tokenizer_takes_the_likeliest_cut_and_falls_back_to_characters() -> None:
    counts = {"退货": 100.0, "退": 50.0, "货": 50.0, "多久": 80.0, "多": 60.0, "久": 5.0, "到账": 30.0, "1": 1.0}
    tokenizer = build_tokenizer(counts)
    assert tokenizer.encode("退货 多久到账1").tokens == ["退货", "多久", "到账", "1"]
    assert tokenizer.encode("货退").tokens == ["货", "退"]
    assert tokenizer.token_to_id(UNKNOWN) == 0


def test_chosen_words_hold_every_character_and_what_the_texts_use_first() -> None:
    counts = {"退货": 100, "运费": 90, "龙舟": 80, "很少见": 1, "一个很长的词条": 500}
    chosen = choose(["退货运费 wifi wifi"], ["龙舟", "很少见"], counts, size=1000, common=30)
    assert set("退货运费") <= set(chosen)
    assert {"退货", "运费", "龙舟", "wifi", "a", "9"} <= set(chosen)
    assert "一个很长的词条" not in chosen


def test_the_size_bounds_the_words_beyond_those_that_the_texts_use() -> None:
    counts = {f"词{c}": 100 for c in "甲乙丙丁戊己庚辛"}
    assert len(choose(["词甲"], [], counts, size=40)) == 40


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    vectors = np.random.RandomState(0).randn(4, 8).astype(np.float32)
    write_words(tmp_path, build_tokenizer({"退货": 3.0, "换": 2.0, "货": 2.0}), vectors, {"name": "t"})
    encoder = StaticEncoder.load(tmp_path)
    tokens, read = encoder.words("退货换")
    assert tokens == ["退货", "换"]
    assert np.abs(read - vectors[1:3]).max() < np.abs(vectors).max() / 127
    assert not encoder.encode(["♞"]).any()
    assert json.loads((tmp_path / "manifest.json").read_text())["name"] == "t"


def test_the_folder_loads_as_a_sentence_transformer(tmp_path: Path) -> None:
    library = pytest.importorskip("sentence_transformers")
    vectors = np.eye(4, 8, dtype=np.float32)
    write_words(tmp_path, build_tokenizer({"退货": 3.0, "换": 2.0, "货": 2.0}), vectors, {})
    model = library.SentenceTransformer(str(tmp_path), device="cpu")
    assert np.allclose(model.encode(["退货 换"]), StaticEncoder.load(tmp_path).encode(["退货 换"]), atol=1e-3)


def test_a_digest_changes_with_content_and_with_names(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    first = digest(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    second = digest(tmp_path)
    (tmp_path / "b").write_text("2")
    assert len({first, second, digest(tmp_path)}) == 3


def test_missing_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match=r"nothing\.tsv"):
        list(table(tmp_path / "nothing.tsv"))
    with pytest.raises(DataMissing, match="no questions"):
        questions(tmp_path)


def test_the_published_questions_are_well_formed() -> None:
    found = questions(ROOT / "data" / "paraphrases")
    assert len(found) > 1000
    for question in found:
        assert question.canonical
        assert len(question.paraphrases) >= 5
        assert question.canonical not in question.near_misses


def test_the_published_lines_keep_the_rules_of_labelling() -> None:
    for line in emotion_lines(ROOT / "data" / "emotion"):
        assert line.sentiment in ("negative", "neutral", "positive")
        assert 0 <= line.anger <= 3
        assert line.wants_human in (0, 1)
        assert line.threat in (0, 1)
        if line.sentiment != "negative":
            assert line.anger == 0, line.text


def test_training_pulls_wordings_of_a_question_together() -> None:
    torch = pytest.importorskip("torch")
    from training.student import Settings, Student, Words, encode, train

    torch.set_num_threads(1)
    letters = "甲乙丙丁戊己庚辛"
    tokenizer = build_tokenizer(dict.fromkeys(letters, 1.0))
    rng = np.random.RandomState(0)
    student = Student(rng.randn(len(letters) + 1, 16).astype(np.float32))
    words = Words(tokenizer)
    asked = [Question("d", a, (b,), (wrong,)) for a, b, wrong in ("甲乙丙", "丙丁甲", "戊己庚", "庚辛戊")]
    targets = encode(student, words, list(letters))

    def gap() -> float:
        a, b, wrong = (
            encode(student, words, texts)
            for texts in zip(*((q.canonical, *q.paraphrases, *q.near_misses) for q in asked))
        )
        return float(((a * b).sum(1) - (a * wrong).sum(1)).mean())

    before = gap()
    settings = Settings(
        steps=60, sentences=4, questions=4, near_misses=1, rate=0.05, warm_up=5, word_drop=0.0, char_split=0.0
    )
    losses: list[dict[str, float]] = []
    train(
        student, words, list(letters), targets, asked, lambda text, _: text, settings,
        lambda _, found: losses.append(found),
    )  # fmt: skip
    assert gap() > before + 0.2
    assert set(losses[-1]) == {"distil", "relation", "paraphrase"}


def test_noise_takes_words_apart_and_never_empties_a_text() -> None:
    pytest.importorskip("torch")
    from training.student import Words

    words = Words(build_tokenizer({"退货": 9.0, "退": 1.0, "货": 1.0}))
    whole = words.ids(["退货"])[0]
    assert len(whole) == 1
    apart = words.noisy(["退货"], drop=0.0, split=1.0, rng=random.Random(0))[0]
    assert len(apart) == 2
    assert words.noisy(["退货"], drop=1.0, split=0.0, rng=random.Random(0))[0] == whole
    assert words.ids([""]) == [[0]]


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """A data folder whose dictionary knows four characters."""
    (tmp_path / "trainable").mkdir()
    lines = ["退 退 [tui4] /to retreat/", "推 推 [tui1] /to push/", "货 货 [huo4] /goods/", "獯 獯 [huo4] /rare/"]
    with gzip.open(tmp_path / "trainable" / "cedict_1_0_ts_utf-8_mdbg.txt.gz", "wt", encoding="utf-8") as out:
        out.write("\n".join(lines))
    return tmp_path


def test_a_misspelling_sounds_the_same_and_never_empties_a_text(sounds: Path) -> None:
    misspell = Misspeller(sounds, texts=1.0, rate=1.0)
    assert misspell("退", random.Random(0)) == "推"
    assert misspell("货", random.Random(0)) == "货", "a rare character is nobody's slip"
    assert Misspeller(sounds, texts=0.0)("退货", random.Random(0)) == "退货"


def test_sentences_to_distil_are_drawn_alike_each_time_and_hold_every_training_wording() -> None:
    conversation = [f"第{n}句话" for n in range(50)] + [f"第{n}件事怎么办呢" for n in range(50)] + ["短", "长" * 50]
    questions_ = [Question("d", "怎么退货", ("退货",), ("换货",))]
    drawn = choose_sentences(conversation, questions_, asking=10, telling=5, seed=3)
    assert drawn == choose_sentences(conversation, questions_, asking=10, telling=5, seed=3)
    assert sum(text.endswith("呢") for text in drawn) == 10
    assert drawn[15:] == ["怎么退货", "退货", "换货"]
