"""Mood and signals of one line, by a linear model over hashed character and word n-grams. No torch.

A model folder holds `manifest.json` (name, buckets, thresholds, measured scores) and `model.safetensors`
(`weights` [buckets, 8], `bias` [8]). The eight outputs are `OUTPUTS`, before softmax or sigmoid.
"""

from __future__ import annotations

import functools
import importlib.resources
import itertools
import json
import math
import re
import unicodedata
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors.numpy import load_file

from contracts.understanding import Sentiment
from language.normalise import normalise
from language.segment import words

LABELS = ("negative", "neutral", "positive")
#: Columns of the model: three sentiment logits, "anger is at least n", asks for a person, threatens.
OUTPUTS = (*LABELS, "anger_1", "anger_2", "anger_3", "wants_human", "threat")
#: Rises when `features` changes; a model trained with another version refuses to load.
FEATURE_VERSION = 3
LONGEST_GRAM = 4
LONGEST_OUTLINE = 3
#: Longer lines are read at their start and end, where people put their mood, so that reading time is bounded.
LONGEST_LINE = 400
_WORDS_SHOWN = 5


class SentimentError(Exception):
    """The folder does not hold a sentiment model of this version; the message says what is wrong."""


class Feature(NamedTuple):
    """One n-gram: its bucket, its value, and the characters [start, end) of the normalised text it covers."""

    bucket: int
    value: float
    start: int
    end: int


def trimmed(text: str) -> str:
    """The normalised text that the model reads."""
    text = normalise(text)
    if len(text) > LONGEST_LINE:
        half = LONGEST_LINE // 2
        text = text[:half] + text[-half:]
    return text


def features(text: str, buckets: int) -> list[Feature]:
    """What the model sees of a `trimmed` text: four blocks of features, each of unit length.

    Character 1- to 4-grams (line ends marked) and word pairs; the classes of `mood_words.txt`, their pairs in
    order, their place in the line and marks of style; n-grams of the line's outline, in which a class stands for
    each of its words; and, in the upper half of the buckets, single words.
    """
    return _features(text, _spans(text), buckets)


def _features(text: str, cut: list[tuple[str, int, int]], buckets: int) -> list[Feature]:
    half = buckets // 2
    return (
        _block(_grams(text, cut), len(text), 0, half)
        + _block(mood_classes(text), len(text), 0, half)
        + _block(outline(text), len(text), 0, half)
        + _block([(w, a, b) for w, a, b in cut if any(c.isalnum() for c in w)], len(text), half, half)
    )


def word_bucket(word: str, buckets: int) -> int:
    """Bucket of a single word's feature."""
    half = buckets // 2
    return half + zlib.crc32(word.encode("utf-8")) % half


def _block(found: list[tuple[str, int, int]], length: int, first: int, size: int) -> list[Feature]:
    # Each distinct feature counts once: a customer who types ？？？？？？ is not six times as cross.
    once: dict[int, tuple[int, int]] = {}
    checksum = zlib.crc32
    for name, start, end in found:
        bucket = first + checksum(name.encode()) % size
        if bucket not in once:
            once[bucket] = (max(start, 0), min(end, length))
    value = 1.0 / math.sqrt(max(len(once), 1))
    return [Feature(bucket, value, span[0], span[1]) for bucket, span in once.items()]


def _spans(text: str) -> list[tuple[str, int, int]]:
    """Words of `text` with the characters they cover."""
    found = []
    at = 0
    for word in words(text):
        at = text.find(word, at)
        found.append((word, at, at + len(word)))
        at += len(word)
    return found


def _grams(text: str, cut: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    marked = f"^{text}$"
    found = []
    for start in range(len(marked)):
        for size in range(1, min(LONGEST_GRAM, len(marked) - start) + 1):
            gram = marked[start : start + size]
            if gram not in ("^", "$"):
                found.append(("c" + gram, start - 1, start - 1 + size))
    for (left, a, _), (right, _, b) in itertools.pairwise(cut):
        found.append((f"w{left}|{right}", a, b))
    return found


_ASKS = re.compile(r"[吗呢么?]\W*$")


def mood_classes(text: str) -> list[tuple[str, int, int]]:
    """Names of class features of `text` with the characters they cover."""
    table, pattern = _mood_words()
    found: list[tuple[str, int, int]] = []
    asks = bool(_ASKS.search(text))
    loud = min(text.count("!"), 3)
    whole = (0, len(text))
    found.append((f"s!{loud}", *whole))
    found.append((f"s?{min(text.count('?'), 3)}", *whole))
    found.append((f"slen{min(len(text), 60) // 6}", *whole))
    found.append((f"sasks{asks}", *whole))
    hits = [(name, m.start(), m.end()) for m in pattern.finditer(text) for name in table[m[0]]]
    for at, (name, start, end) in enumerate(hits):
        turned = text[start - 1 : start] in _TURNS or text[max(start - 2, 0) : start] in _TURNS
        found.append((f"k{name}{'-' if turned else ''}", start, end))
        found.append((f"kask{asks}{name}", start, end))
        if loud:
            found.append((f"kloud{name}", start, end))
        if start <= 1:
            found.append((f"kfirst{name}", start, end))
        if end >= len(text) - 2:
            found.append((f"klast{name}", start, end))
        for other, begin, stop in hits[at + 1 : at + 8]:
            if begin >= end:
                found.append((f"k{name}>{other}", start, stop))
                if begin - end <= 2:
                    found.append((f"k{name}+{other}", start, stop))
    return found


def outline(text: str) -> list[tuple[str, int, int]]:
    """N-grams of `text` with the first class of each known word in its place, with the characters they cover.

    「叫店长来」 and 「叫药师来」 share 「<connect><role>来」: how people ask is learned apart from whom they
    ask for. N-grams without a class are left out: they are among the plain ones.
    """
    table, pattern = _mood_words()
    parts: list[tuple[str, int, int]] = [("^", 0, 0)]
    at = 0
    for hit in pattern.finditer(text):
        parts += _letters(text, at, hit.start())
        parts.append((f"<{table[hit[0]][0]}>", hit.start(), hit.end()))
        at = hit.end()
    parts += _letters(text, at, len(text))
    parts.append(("$", len(text), len(text)))
    found = []
    for size in range(2, LONGEST_OUTLINE + 1):
        for first in range(len(parts) - size + 1):
            gram = parts[first : first + size]
            if any(len(name) > 1 for name, _, _ in gram):
                found.append(("o" + "".join(name for name, _, _ in gram), gram[0][1], gram[-1][2]))
    return found


def _letters(text: str, start: int, end: int) -> list[tuple[str, int, int]]:
    """The characters of text[start:end] but spaces, each with its place."""
    return [(text[i], i, i + 1) for i in range(start, end) if text[i] != " "]


_TURNS = frozenset("不没别未无非莫勿") | {"不用", "不要", "没有", "先别", "不必", "无需", "并非"}


@functools.cache
def _mood_words() -> tuple[dict[str, tuple[str, ...]], re.Pattern[str]]:
    """Word to its classes, and a pattern that finds the longest word at each place."""
    raw = (importlib.resources.files("language") / "mood_words.txt").read_text(encoding="utf-8")
    table: dict[str, tuple[str, ...]] = {}
    for line in raw.splitlines():
        if line and not line.startswith("#"):
            name, _, listed = line.partition(":")
            for word in listed.split():
                word = normalise(word)
                if name not in table.get(word, ()):
                    table[word] = (*table.get(word, ()), name)
    longest_first = sorted(table, key=lambda word: (-len(word), word))
    return table, re.compile("|".join(map(re.escape, longest_first)))


class SentimentModel:
    """Reads lines; safe to share between threads."""

    def __init__(self, weights: np.ndarray, bias: np.ndarray, manifest: dict) -> None:
        if weights.ndim != 2 or weights.shape[1] != len(OUTPUTS) or bias.shape != (len(OUTPUTS),):
            raise SentimentError(f"weights {weights.shape} and bias {bias.shape} do not fit {len(OUTPUTS)} outputs")
        if manifest.get("feature_version") != FEATURE_VERSION:
            raise SentimentError(
                f"trained on features version {manifest.get('feature_version')}, this program reads {FEATURE_VERSION}"
            )
        self._weights = weights
        self._bias = bias.astype(np.float32)
        self.manifest = manifest

    @classmethod
    def load(cls, path: str | Path) -> SentimentModel:
        """Read the model folder at `path`; raises `SentimentError` if there is none or it does not fit."""
        folder = Path(path)
        try:
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            tensors = load_file(str(folder / "model.safetensors"))
            return cls(tensors["weights"], tensors["bias"], manifest)
        except SentimentError:
            raise
        except Exception as error:  # safetensors raises a bare Exception subclass of its own
            raise SentimentError(f"{folder} holds no readable sentiment model: {error}") from error

    @property
    def wants_human_threshold(self) -> float:
        """From this probability on, the line counts as asking for a person."""
        return float(self.manifest["thresholds"]["wants_human"])

    @property
    def threat_threshold(self) -> float:
        """From this probability on, the line counts as a threat."""
        return float(self.manifest["thresholds"]["threat"])

    def wants_human_yes(self, sentiment: Sentiment) -> bool:
        """Whether the line asks for a person."""
        return sentiment.wants_human >= self.wants_human_threshold

    def threat_yes(self, sentiment: Sentiment) -> bool:
        """Whether the line threatens a step outside (regulator, media, court, police, a bad review)."""
        return sentiment.threat >= self.threat_threshold

    def read(self, text: str) -> Sentiment:
        """Sentiment, anger, request for a person and threat of one customer line."""
        line = trimmed(text)
        if not _says_something(line):
            return Sentiment("neutral", 0.0, 1.0, 0.0, 0.0, 0.0, 0.0)
        cut = _spans(line)
        found = _features(line, cut, len(self._weights))
        rows = self._weights[[f.bucket for f in found]].astype(np.float32)
        rows *= np.array([f.value for f in found], dtype=np.float32)[:, None]
        logits = rows.sum(axis=0) + self._bias
        mood = np.exp(logits[:3] - logits[:3].max())
        mood /= mood.sum()
        rest = 1.0 / (1.0 + np.exp(-np.clip(logits[3:], -30, 30)))
        at_least = np.minimum.accumulate(rest[:3])  # anger of 2 is never likelier than anger of 1
        return Sentiment(
            label=LABELS[int(mood.argmax())],
            negative=float(mood[0]),
            neutral=float(mood[1]),
            positive=float(mood[2]),
            anger=float(at_least.sum()),
            wants_human=float(rest[3]),
            threat=float(rest[4]),
            words=_weighing(line, cut, found, (rows[:, 0] - rows[:, 1]).tolist()),
        )


def _says_something(line: str) -> bool:
    """Whether there is a letter, a digit or an emoji; 「???」 alone is bewilderment as often as anger."""
    return any(c.isalnum() or unicodedata.category(c) == "So" for c in line)


def _weighing(
    line: str, cut: list[tuple[str, int, int]], found: list[Feature], towards: list[float]
) -> tuple[tuple[str, float], ...]:
    """Words that weighed towards negative: each n-gram's part is shared out over the characters it covers."""
    steps = [0.0] * (len(line) + 1)  # differences between neighbouring characters' shares
    for feature, weight in zip(found, towards):
        if feature.end > feature.start:
            each = weight / (feature.end - feature.start)
            steps[feature.start] += each
            steps[feature.end] -= each
    share = list(itertools.accumulate(steps))
    weighed: dict[str, float] = {}
    for word, start, end in cut:
        if any(c.isalnum() for c in word):
            weighed[word] = weighed.get(word, 0.0) + sum(share[start:end])
    strongest = sorted(((w, s) for w, s in weighed.items() if s > 0), key=lambda pair: -pair[1])
    return tuple((word, round(score, 3)) for word, score in strongest[:_WORDS_SHOWN])
