"""The recipe of the table of words; `docs/subsystems/encoder.md` says why each stage is there.

Stages, the slow ones kept in the work folder so that a second run goes on where the first ended:
1. vocabulary: words from jieba, CC-CEDICT and the corpora, and a tokenizer that cuts like jieba;
2. targets: multilingual-e5-small's vector of every word, of conversation sentences and of training questions;
3. student: a vector a word, started from the teacher's word vectors weighted by rarity, trained jointly on
   distillation and on the hand-written questions;
4. artefact: 8-bit numbers in a sentence-transformers folder with its manifest.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from language.normalise import NORMALISER_VERSION, normalise
from training import corpora, student, vocabulary
from training.artefact import write_words
from training.corpora import Question
from training.measure import measure
from training.noise import Misspeller
from training.sentiment import line_folder as emotion_folder
from training.split import split_questions
from training.targets import centred, choose_sentences, data_digests, question_folder, teacher_vectors

log = logging.getLogger(__name__)

#: Raised when the recipe changes what it makes.
RECIPE = "e5-static-4"


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the result besides the data.

    `asking` and `telling` are how many conversation sentences that ask, and that do not, are distilled beside the
    wordings of the training questions. `sif` is the frequency at which a word counts half. `students` are trained one
    after another and averaged.
    """

    words: int = 56_000
    asking: int = 12_000
    telling: int = 10_000
    sif: float = 1e-3
    students: tuple[student.Settings, ...] = (
        student.Settings(sentences=128, hold_to="start"),
        student.Settings(
            steps=1200, sentences=192, questions=384, word_drop=0.2, char_split=0.15, misspelt=True,
            hold_to="start", seed=1,
        ),
        student.Settings(steps=1200, sentences=512, questions=384, near_misses=1),
        student.Settings(relation_weight=3.0, seed=2),
    )  # fmt: skip
    threads: int = 1  # more only wait for each other: the steps are small
    seed: int = 1


def main(data_dir: Path, out_dir: Path, work_dir: Path) -> None:
    """Train the table that ships."""
    train(data_dir, out_dir, work_dir)


def train(data_dir: Path, out_dir: Path, work_dir: Path, recipe: Recipe | None = None) -> dict:
    """Run the recipe; returns the manifest.

    Held-out questions and the unseen domain stay out of every stage, also of what ships: the finder is calibrated on
    them, and its measures of single words must be as they are on questions that nobody taught.
    """
    import torch

    recipe = recipe or Recipe()
    torch.set_num_threads(recipe.threads)
    work_dir.mkdir(parents=True, exist_ok=True)
    questions = corpora.questions(question_folder(data_dir))
    split = split_questions(questions)

    words, tokenizer = _vocabulary(data_dir, work_dir, questions, recipe)
    sentences = choose_sentences(
        corpora.conversation(data_dir), split.train, asking=recipe.asking, telling=recipe.telling, seed=recipe.seed
    )
    word_vectors, sentence_vectors = teacher_vectors(work_dir, {"words": list(words), "sentences": sentences})
    start = np.zeros((len(words) + 1, word_vectors.shape[1]), dtype=np.float32)
    counts = np.array(list(words.values()))
    rarity = recipe.sif / (recipe.sif + counts / counts.sum())
    start[1:] = centred(word_vectors) * rarity[:, None]
    targets = centred(sentence_vectors)

    pieces = student.Words(tokenizer)
    model = student.Student(start)
    scores: dict[str, object] = {"start": _measured(model, pieces, questions, data_dir)}
    held_to = {"teacher": targets, "start": student.encode(model, pieces, sentences)}
    misspell = Misspeller(data_dir)
    total = np.zeros_like(start)
    for settings in recipe.students:
        model = student.Student(start)
        student.train(
            model, pieces, sentences, held_to[settings.hold_to], split.train, misspell, settings,
            lambda step, losses: log.info("student step %d %s", step, losses),
        )  # fmt: skip
        total += model.bag.weight.detach().numpy()
    # Students that started from the same vectors stay in one space; their average is better than any of them.
    model = student.Student(total / len(recipe.students))
    scores["trained"] = _measured(model, pieces, questions, data_dir)
    manifest = {
        "name": "jiehua-words",
        "recipe": RECIPE,
        "settings": asdict(recipe),
        "dimension": int(start.shape[1]),
        "vocabulary": len(words),
        "normaliser_version": NORMALISER_VERSION,
        "licence": "CC-BY-SA-4.0",
        "data": {"questions": len(split.train), "sentences": len(sentences), "digests": data_digests(data_dir)},
        "scores": scores,
    }
    write_words(out_dir, tokenizer, model.bag.weight.detach().numpy(), manifest)
    return manifest


def _measured(
    model: student.Student, pieces: student.Words, questions: Sequence[Question], data: Path
) -> dict[str, object]:
    found = measure(lambda texts: student.encode(model, pieces, texts), questions, split_questions(questions), data)
    log.info("measured %s", found)
    return found


def _vocabulary(
    data_dir: Path, work_dir: Path, questions: Sequence[Question], recipe: Recipe
) -> tuple[dict[str, float], vocabulary.Tokenizer]:
    texts = corpora.conversation(data_dir) + [t for q in questions for t in (*q.wordings, *q.near_misses)]
    texts += [normalise(line.text) for line in corpora.emotion_lines(emotion_folder(data_dir))]
    seen = hashlib.sha256("\n".join((str(recipe.words), *texts)).encode()).hexdigest()
    kept = work_dir / f"vocabulary-{seen[:16]}.json"
    if kept.exists():
        words = json.loads(kept.read_text(encoding="utf-8"))
    else:
        words = vocabulary.choose(texts, list(corpora.dictionary(data_dir)), vocabulary.jieba_counts(), recipe.words)
        kept.write_text(json.dumps(words, ensure_ascii=False), encoding="utf-8")
    log.info("vocabulary %d words", len(words))
    return words, vocabulary.build_tokenizer(words)
