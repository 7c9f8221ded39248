"""The recipe of the mood model; `docs/subsystems/sentiment.md` says why each part is there.

Eight linear classifiers over the features of `language/sentiment.py`. Single words are not learned one by one, which
4,500 or so lines could not do, but through the encoder's word vectors and a sentiment lexicon: what is learned is a
direction in that space, and each word's weight is its place along it. So a word that no line held still counts.
"""

from __future__ import annotations

import collections
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy.sparse import csr_matrix, hstack

from language.normalise import NORMALISER_VERSION, normalise
from language.sentiment import FEATURE_VERSION, LABELS, OUTPUTS, features, trimmed, word_bucket
from language.static_encoder import StaticEncoder
from training import corpora
from training.artefact import digest, write_json
from training.corpora import EmotionLine
from training.split import bigrams

log = logging.getLogger(__name__)

WORDS = Path(__file__).parents[1] / "models" / "words"
FOLDS = 5
#: Lines whose character pairs overlap by more than this are kept in one fold.
ALIKE = 0.4


#: Columns of the three anger outputs.
ANGER = slice(3, 6)


@dataclass(frozen=True)
class Recipe:
    """Sizes and penalties; `*_c` is the inverse strength of the penalty of a group of outputs."""

    buckets: int = 2**19
    vector_weight: float = 0.7
    mood_c: float = 20.0
    anger_c: float = 30.0
    wants_human_c: float = 40.0
    threat_c: float = 60.0
    seed: int = 0


@dataclass(frozen=True)
class WordSpace:
    """What is known of each word besides the lines: [buckets, columns], rows of the upper half filled."""

    table: csr_matrix

    @classmethod
    def build(cls, data_dir: Path, recipe: Recipe) -> WordSpace:
        encoder = StaticEncoder.load(WORDS)
        scores = lexicon(data_dir)
        vocabulary = [w for w in encoder.vocabulary if any(c.isalnum() for c in w)]
        vectors = encoder.rows(vocabulary)
        vectors -= vectors.mean(axis=0)
        vectors *= recipe.vector_weight / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        columns = vectors.shape[1] + 2
        known = dict(zip(vocabulary, vectors))
        seen: dict[int, np.ndarray] = {}
        for word in [*vocabulary, *(w for w in scores if w not in known)]:
            bucket = word_bucket(word, recipe.buckets)
            if bucket in seen:  # the more frequent word came first and keeps the bucket
                continue
            row = np.zeros(columns, dtype=np.float32)
            if word in known:
                row[:-2] = known[word]
            score = scores.get(word, 0.0)
            row[-2 if score > 0 else -1] = abs(score)
            seen[bucket] = row
        buckets = sorted(seen)
        dense = np.stack([seen[b] for b in buckets])
        filled = np.nonzero(dense)
        table = csr_matrix(
            (dense[filled], (np.asarray(buckets)[filled[0]], filled[1])), shape=(recipe.buckets, columns)
        )
        return cls(table)


def lexicon(data_dir: Path) -> dict[str, float]:
    """JioNLP's sentiment words with their scores, -1.9 to 1.9."""
    scores: dict[str, float] = {}
    path = corpora.existing(data_dir / "trainable" / "lexicons" / "sentiment_words.txt")
    for line in path.read_text(encoding="utf-8").splitlines():
        parts = line.split()
        if len(parts) == 2:
            scores[normalise(parts[0])] = float(parts[1])
    return scores


def main(data_dir: Path, out_dir: Path, work_dir: Path) -> None:
    """Cross-validate, train on every line and write the model that ships."""
    work_dir.mkdir(parents=True, exist_ok=True)
    train(data_dir, out_dir)


def train(data_dir: Path, out_dir: Path, recipe: Recipe | None = None) -> dict:
    """Run the recipe; returns the manifest with cross-validated scores."""
    recipe = recipe or Recipe()
    folder = line_folder(data_dir)
    lines = corpora.emotion_lines(folder)
    space = WordSpace.build(data_dir, recipe)
    inputs = matrix([line.text for line in lines], recipe.buckets)
    wide = hstack([inputs, inputs @ space.table]).tocsr()
    fold = folds(lines, recipe.seed)
    predicted = np.zeros((len(lines), len(OUTPUTS)))
    for number in range(FOLDS):
        held = fold == number
        weights, bias = fit(wide[~held], [line for line, out in zip(lines, held) if not out], recipe)
        predicted[held] = wide[held] @ weights + bias
        log.info("fold %d of %d", number + 1, FOLDS)
    thresholds = {
        "wants_human": best_threshold(sigmoid(predicted[:, 6]), [line.wants_human for line in lines]),
        "threat": best_threshold(sigmoid(predicted[:, 7]), [line.threat for line in lines]),
    }
    sharpness = best_sharpness(predicted, lines)
    predicted[:, ANGER] *= sharpness
    scores = score(lines, predicted, thresholds)
    log.info("cross-validated %s", scores)
    weights, bias = fit(wide, lines, recipe)
    weights[:, ANGER] *= sharpness
    bias[ANGER] *= sharpness
    folded = weights[: recipe.buckets] + space.table @ weights[recipe.buckets :]
    manifest = {
        "name": "jiehua-sentiment",
        "feature_version": FEATURE_VERSION,
        "normaliser_version": NORMALISER_VERSION,
        "buckets": recipe.buckets,
        "outputs": list(OUTPUTS),
        "thresholds": thresholds,
        "anger_sharpness": sharpness,
        "licence": "CC-BY-SA-4.0",
        "recipe": asdict(recipe),
        "data": {"lines": len(lines), "digest": digest(folder)},
        "scores": {"how": f"{FOLDS}-fold cross-validation, like lines kept together", **scores},
    }
    out_dir.mkdir(parents=True, exist_ok=True)
    save_file(
        {"weights": folded.astype(np.float16), "bias": bias.astype(np.float32)}, str(out_dir / "model.safetensors")
    )
    write_json(out_dir / "manifest.json", manifest)
    return manifest


def line_folder(data_dir: Path) -> Path:
    """The labelled lines: those of the data folder if it has any, else the repository's own."""
    own = data_dir / "emotion"
    return own if own.exists() else Path(__file__).parents[1] / "data" / "emotion"


def matrix(texts: Sequence[str], buckets: int) -> csr_matrix:
    """Features of `texts`, sparse [len(texts), buckets]."""
    rows, columns, values = [], [], []
    for number, text in enumerate(texts):
        for feature in features(trimmed(text), buckets):
            rows.append(number)
            columns.append(feature.bucket)
            values.append(feature.value)
    return csr_matrix((values, (rows, columns)), shape=(len(texts), buckets))


def targets(lines: Sequence[EmotionLine]) -> list[np.ndarray]:
    """One yes/no column for each of `OUTPUTS`."""
    mood = [np.array([line.sentiment == label for line in lines]) for label in LABELS]
    anger = [np.array([line.anger >= least for line in lines]) for least in (1, 2, 3)]
    return [
        *mood,
        *anger,
        np.array([line.wants_human == 1 for line in lines]),
        np.array([line.threat == 1 for line in lines]),
    ]


def fit(inputs: csr_matrix, lines: Sequence[EmotionLine], recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """Weights [columns, 8] and bias [8]."""
    from sklearn.linear_model import LogisticRegression

    penalties = [recipe.mood_c] * 3 + [recipe.anger_c] * 3 + [recipe.wants_human_c, recipe.threat_c]
    weights = np.zeros((inputs.shape[1], len(OUTPUTS)), dtype=np.float32)
    bias = np.zeros(len(OUTPUTS), dtype=np.float32)
    for column, (wanted, penalty) in enumerate(zip(targets(lines), penalties)):
        model = LogisticRegression(
            C=penalty, solver="liblinear", class_weight="balanced" if column < 3 else None,
            max_iter=300, random_state=recipe.seed,
        )  # fmt: skip
        model.fit(inputs, wanted)
        weights[:, column] = model.coef_[0]
        bias[column] = model.intercept_[0]
    return weights, bias


def folds(lines: Sequence[EmotionLine], seed: int) -> np.ndarray:
    """A fold number a line; lines of like wording share one."""
    parent = list(range(len(lines)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    grams = [bigrams(trimmed(line.text)) for line in lines]
    holders: dict[str, list[int]] = collections.defaultdict(list)
    for number, own in enumerate(grams):
        shared: collections.Counter[int] = collections.Counter()
        for gram in own:
            shared.update(holders[gram][-400:])
            holders[gram].append(number)
        for other, count in shared.items():
            if count / len(own | grams[other]) > ALIKE:
                # The least number names a group, so that the order in a set, which changes from run to run, does not.
                first, second = sorted((root(number), root(other)))
                parent[second] = first
    groups = np.array([root(i) for i in range(len(lines))])
    names = np.unique(groups)
    np.random.RandomState(seed).shuffle(names)
    number_of = {name: i % FOLDS for i, name in enumerate(names)}
    return np.array([number_of[g] for g in groups])


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-np.clip(values, -30, 30)))


def best_threshold(probabilities: np.ndarray, wanted: Sequence[int]) -> float:
    """The threshold of the best F1 on cross-validated probabilities."""
    from sklearn.metrics import f1_score

    grid = np.linspace(0.1, 0.9, 33)
    best = max(grid, key=lambda t: (f1_score(wanted, probabilities >= t), -abs(t - 0.5)))
    return round(float(best), 3)


def anger_of(predicted: np.ndarray) -> np.ndarray:
    """The anger that the model would report for rows of outputs."""
    return np.minimum.accumulate(sigmoid(predicted[:, ANGER]), axis=1).sum(axis=1)


def best_sharpness(predicted: np.ndarray, lines: Sequence[EmotionLine]) -> float:
    """Factor on the anger logits with the least mean error.

    Cautious probabilities put a little anger into every calm line; sharper ones come nearer to the level that a
    person would name.
    """
    wanted = np.array([line.anger for line in lines])

    def error(factor: float) -> float:
        sharper = predicted.copy()
        sharper[:, ANGER] *= factor
        return float(np.abs(anger_of(sharper) - wanted).mean())

    return min((1.0, 1.25, 1.5, 2.0, 2.5, 3.0), key=error)


def score(lines: Sequence[EmotionLine], predicted: np.ndarray, thresholds: dict[str, float]) -> dict[str, float]:
    from sklearn.metrics import f1_score

    wanted = np.array([LABELS.index(line.sentiment) for line in lines])
    label = predicted[:, :3].argmax(axis=1)
    anger = anger_of(predicted)
    return {
        "n": len(lines),
        "sentiment_macro_f1": round(f1_score(wanted, label, average="macro"), 4),
        "negative_f1": round(f1_score(wanted == 0, label == 0), 4),
        "anger_mae": round(float(np.abs(anger - [line.anger for line in lines]).mean()), 4),
        "wants_human_f1": round(
            f1_score([line.wants_human for line in lines], sigmoid(predicted[:, 6]) >= thresholds["wants_human"]), 4
        ),
        "threat_f1": round(
            f1_score([line.threat for line in lines], sigmoid(predicted[:, 7]) >= thresholds["threat"]), 4
        ),
    }
