"""The recipe of the shipped sentence encoder; `docs/subsystems/encoder.md` says why each stage is there.

Stages, the slow ones kept in the work folder so that a second run goes on where the first ended:
1. vocabulary: words from jieba, CC-CEDICT and the corpora, and a tokenizer that cuts like jieba;
2. targets: multilingual-e5-small's vector of every word, of conversation sentences and of training questions;
3. student: a vector a word, started from the teacher's word vectors weighted by rarity, trained jointly on
   distillation and on the hand-written questions;
4. artefact: 8-bit numbers in a sentence-transformers folder with its manifest.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from language.normalise import NORMALISER_VERSION, normalise
from training import corpora, finetune, student, vocabulary
from training.artefact import digest, write_encoder
from training.corpora import Question
from training.sentiment import line_folder as emotion_folder
from training.split import Split, by_domain, retrieval, split_questions

if TYPE_CHECKING:
    from training.teacher import Teacher

log = logging.getLogger(__name__)

#: Raised when the recipe changes what it makes.
RECIPE = "e5-static-3"


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the result besides the data.

    `asking`, `telling` and `questions` are how many conversation sentences that ask, other conversation sentences
    and wordings of training questions are drawn, `sentences` how many of all those are distilled. `sif` is the
    frequency at which a word counts half. `students` are trained one after another and averaged. `taught` first
    teaches the teacher the training questions (slow).
    """

    words: int = 56_000
    asking: int = 9_000
    telling: int = 7_000
    questions: int = 8_000
    sentences: int = 18_000
    sif: float = 1e-3
    taught: bool = False
    finetune: finetune.Settings = field(default_factory=finetune.Settings)
    students: tuple[student.Settings, ...] = (
        student.Settings(),
        student.Settings(seed=1),
        student.Settings(steps=500, near_misses=0, hold_to="start"),
    )
    threads: int = 2
    seed: int = 0


def main(data_dir: Path, out_dir: Path, work_dir: Path) -> None:
    """Train on all questions and write the model that ships."""
    train(data_dir, out_dir, work_dir)


def train(data_dir: Path, out_dir: Path, work_dir: Path, recipe: Recipe | None = None, hold_out: bool = False) -> dict:
    """Run the recipe; returns the manifest.

    With `hold_out`, held-out questions and the unseen domain stay out of every stage and are measured: that is
    how a recipe is chosen. Without it the student's paraphrase loss sees every question.
    """
    import torch

    recipe = recipe or Recipe()
    torch.set_num_threads(recipe.threads)
    work_dir.mkdir(parents=True, exist_ok=True)
    questions = corpora.questions(question_folder(data_dir))
    split = split_questions(questions)
    learned = list(split.train) if hold_out else questions

    words, tokenizer = _vocabulary(data_dir, work_dir, questions, recipe)
    sentences = choose_sentences(corpora.conversation(data_dir), split.train, recipe)
    word_vectors, sentence_vectors = _targets(work_dir, {"words": list(words), "sentences": sentences}, split, recipe)
    start = np.zeros((len(words) + 1, word_vectors.shape[1]), dtype=np.float32)
    counts = np.array(list(words.values()))
    rarity = recipe.sif / (recipe.sif + counts / counts.sum())
    start[1:] = finetune.centre(word_vectors, word_vectors.mean(axis=0)) * rarity[:, None]
    targets = finetune.centre(sentence_vectors, sentence_vectors.mean(axis=0))

    pieces = student.Words(tokenizer)
    model = student.Student(start)
    scores: dict[str, object] = {"start": measure(model, pieces, questions, split, data_dir)}
    log.info("start %s", scores["start"])
    held_to = {"teacher": targets, "start": student.encode(model, pieces, sentences)}
    total = np.zeros_like(start)
    for settings in recipe.students:
        model = student.Student(start)
        student.train(
            model, pieces, sentences, held_to[settings.hold_to], learned, settings,
            lambda step, losses: log.info("student step %d %s", step, losses),
        )  # fmt: skip
        total += model.bag.weight.detach().numpy()
    # Students that started from the same vectors stay in one space; their average is better than any of them.
    model = student.Student(total / len(recipe.students))
    trained = measure(model, pieces, questions, split, data_dir)
    log.info("trained %s", trained)
    if not hold_out:  # the questions were learned: only the outside measures say anything
        trained = {name: value for name, value in trained.items() if name.startswith("pairs")}
    scores["trained"] = trained
    manifest = {
        "name": "jiehua-encoder",
        "recipe": RECIPE,
        "settings": asdict(recipe),
        "dimension": int(start.shape[1]),
        "vocabulary": len(words),
        "normaliser_version": NORMALISER_VERSION,
        "licence": "CC-BY-SA-4.0",
        "trained_on": "training questions only" if hold_out else "all questions",
        "data": {"questions": len(learned), "sentences": len(sentences), "digests": data_digests(data_dir)},
        "scores": scores,
    }
    write_encoder(out_dir, tokenizer, model.bag.weight.detach().numpy(), manifest)
    return manifest


def question_folder(data_dir: Path) -> Path:
    """The hand-written questions: those of the data folder if it has any, else the repository's own."""
    own = data_dir / "paraphrases"
    return own if own.exists() else Path(__file__).parents[1] / "data" / "paraphrases"


def data_digests(data_dir: Path) -> dict[str, str]:
    """SHA-256 of what was trained on."""
    found = {"paraphrases": digest(question_folder(data_dir))}
    for path in sorted((data_dir / "trainable").glob("*")):
        if path.is_file():
            found[path.name] = digest(path)
    return found


def choose_sentences(conversation: Sequence[str], train_questions: Sequence[Question], recipe: Recipe) -> list[str]:
    """The sentences to distil, mixed: asking and other conversation, and wordings of training questions."""
    rng = random.Random(recipe.seed)
    short = [t for t in conversation if 4 <= len(t) <= 28]
    asking = [t for t in short if t.endswith(("?", "吗", "呢", "么"))]
    known = set(asking)
    telling = [t for t in short if t not in known]
    own = list(dict.fromkeys(t for q in train_questions for t in (*q.wordings, *q.near_misses) if len(t) <= 30))
    chosen = (
        rng.sample(asking, min(recipe.asking, len(asking)))
        + rng.sample(telling, min(recipe.telling, len(telling)))
        + rng.sample(own, min(recipe.questions, len(own)))
    )
    rng.shuffle(chosen)
    return chosen[: recipe.sentences]


def measure(
    model: student.Student, pieces: student.Words, questions: Sequence[Question], split: Split, data_dir: Path
) -> dict[str, object]:
    """Hit rates of hard queries of held-out questions, and rank correlation on sentence pairs where they are."""

    def encode(texts: Sequence[str]) -> np.ndarray:
        return student.encode(model, pieces, texts)

    found: dict[str, object] = {
        "seen_domains_own_base": by_domain(encode, questions, split.seen_domains),
        "seen_domains_whole_base": retrieval(encode, questions, split.seen_domains),
        "unseen_domain_own_base": by_domain(encode, questions, split.unseen_domain),
        "unseen_domain_whole_base": retrieval(encode, questions, split.unseen_domain),
    }
    for name in ("lcqmc", "bq"):
        path = data_dir / "evaluate_only" / f"pairs_{name}_dev.tsv"
        if path.exists():
            found[f"pairs_{name}_dev_spearman"] = correlation(encode, path)
    return found


def correlation(encode: Callable[[Sequence[str]], np.ndarray], pairs: Path) -> float:
    """Spearman's rank correlation ×100 of cosine and label over the pairs of a file."""
    from scipy.stats import spearmanr

    rows = list(corpora.table(pairs))
    left = encode([normalise(row["text1"]) for row in rows])
    right = encode([normalise(row["text2"]) for row in rows])
    return round(100 * float(spearmanr((left * right).sum(axis=1), [int(row["label"]) for row in rows])[0]), 1)


def _vocabulary(
    data_dir: Path, work_dir: Path, questions: Sequence[Question], recipe: Recipe
) -> tuple[dict[str, float], vocabulary.Tokenizer]:
    kept = work_dir / "vocabulary.json"
    if kept.exists():
        words = json.loads(kept.read_text(encoding="utf-8"))
    else:
        texts = corpora.conversation(data_dir) + [t for q in questions for t in (*q.wordings, *q.near_misses)]
        texts += [normalise(line.text) for line in corpora.emotion_lines(emotion_folder(data_dir))]
        words = vocabulary.choose(texts, list(corpora.dictionary(data_dir)), vocabulary.jieba_counts(), recipe.words)
        kept.write_text(json.dumps(words, ensure_ascii=False), encoding="utf-8")
    log.info("vocabulary %d words", len(words))
    return words, vocabulary.build_tokenizer(words)


def _targets(work_dir: Path, wanted: dict[str, list[str]], split: Split, recipe: Recipe) -> list[np.ndarray]:
    """The teacher's vectors of each list of texts, float32 [texts, dimension], kept in the work folder."""
    vectors = []
    teacher = None
    for name, texts in wanted.items():
        kept = work_dir / f"teacher_{name}.npz"
        if kept.exists():
            with np.load(kept, allow_pickle=False) as stored:
                if stored["texts"].tolist() == texts:
                    vectors.append(stored["vectors"].astype(np.float32))
                    continue
        teacher = teacher or _teacher(work_dir, [t for part in wanted.values() for t in part], split, recipe)
        started = time.monotonic()
        vectors.append(teacher.encode(texts))
        np.savez(kept, texts=np.array(texts), vectors=vectors[-1].astype(np.float16))
        log.info("teacher encoded %d %s in %.0f s", len(texts), name, time.monotonic() - started)
    return vectors


def _teacher(work_dir: Path, texts: Sequence[str], split: Split, recipe: Recipe) -> Teacher:
    """The teacher, its upper layers taught the training questions if the recipe says so."""
    import torch

    from training.teacher import Teacher, packaged_weights

    own = [t for q in split.train for t in (*q.wordings, *q.near_misses)] if recipe.taught else []
    teacher = Teacher(packaged_weights(), [*texts, *own])
    if not recipe.taught:
        return teacher
    kept = work_dir / "teacher_upper.pt"
    if kept.exists():
        teacher.bert.encoder.load_state_dict(torch.load(kept, weights_only=True))
        return teacher
    finetune.finetune(
        teacher, split.train, recipe.finetune, lambda step, loss: log.info("teacher step %d loss %.3f", step, loss)
    )
    torch.save(teacher.bert.encoder.state_dict(), kept)
    return teacher
