"""What a student is held to: the teacher's vectors of words and sentences, kept in the work folder."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training.artefact import digest
from training.corpora import Question

log = logging.getLogger(__name__)


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


def choose_sentences(
    conversation: Sequence[str], train_questions: Sequence[Question], *, asking: int, telling: int, seed: int
) -> list[str]:
    """The sentences to distil: conversation that asks, other conversation, and all wordings of training questions.

    Of conversation at most as many as named, drawn from what is 3 to 36 characters long; no wording is longer than 40.
    """
    short = [text for text in conversation if 3 <= len(text) <= 36]
    random.Random(seed).shuffle(short)
    questions = [text for text in short if text.endswith(("?", "吗", "呢", "么", "？"))]
    known = set(questions)
    statements = [text for text in short if text not in known]
    own = dict.fromkeys(t for q in train_questions for t in (*q.wordings, *q.near_misses) if len(t) <= 40)
    return [*questions[:asking], *statements[:telling], *own]


def teacher_vectors(work: Path, wanted: dict[str, list[str]]) -> list[np.ndarray]:
    """The teacher's unit vectors of each list of texts, float32 [texts, dimension].

    They are kept in the work folder by text, so more data costs only the new texts.
    """
    vectors = []
    for name, texts in wanted.items():
        kept = work / f"teacher_{name}.npz"
        known: dict[str, np.ndarray] = {}
        if kept.exists():
            with np.load(kept, allow_pickle=False) as stored:
                known = dict(zip(stored["texts"].tolist(), stored["vectors"]))
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            from training.teacher import Teacher, packaged_weights

            started = time.monotonic()
            found = Teacher(packaged_weights(), missing).encode(missing)
            known |= zip(missing, found.astype(np.float16))
            np.savez(kept, texts=np.array(list(known)), vectors=np.stack(list(known.values())))
            log.info("teacher encoded %d %s in %.0f s", len(missing), name, time.monotonic() - started)
        vectors.append(np.stack([known[text] for text in texts]).astype(np.float32))
    return vectors


def centred(vectors: np.ndarray) -> np.ndarray:
    """Unit vectors after taking the common direction away."""
    moved = vectors - vectors.mean(axis=0)
    return moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)
