"""Misspellings as customers make them: a character of the same sound, or one left out.

Sounds are those of CC-CEDICT, without tones: an input method offers all of them.
"""

from __future__ import annotations

import collections
import gzip
import random
import re
from pathlib import Path

from training.corpora import existing
from training.vocabulary import jieba_counts

_ENTRY = re.compile(r"(\S+) (\S+) \[([^\]]*)\]")
#: A character rarer than this in jieba's counts is nobody's slip.
_COMMON = 2000
_MOST = 12


class Misspeller:
    """Misspells a share of the texts: each character with probability `rate` a homophone, half as often dropped."""

    def __init__(self, data: Path, *, texts: float = 0.3, rate: float = 0.05) -> None:
        self._same = _same_sound(data)
        self._texts = texts
        self._rate = rate

    def __call__(self, text: str, rng: random.Random) -> str:
        """`text`, perhaps misspelt; never empty unless `text` is."""
        if rng.random() >= self._texts:
            return text
        out = []
        for character in text:
            drawn = rng.random()
            if drawn < self._rate and character in self._same:
                out.append(rng.choice(self._same[character]))
            elif drawn >= 1.5 * self._rate or len(text) <= 4:
                out.append(character)
        return "".join(out) or text


def _same_sound(data: Path) -> dict[str, list[str]]:
    """Common characters with the common characters of the same sound."""
    sounds: dict[str, set[str]] = collections.defaultdict(set)
    path = existing(data / "trainable" / "cedict_1_0_ts_utf-8_mdbg.txt.gz")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            entry = _ENTRY.match(line)
            if entry and len(entry[2]) == 1:
                sounds[re.sub(r"\d", "", entry[3].lower())].add(entry[2])
    counts: collections.Counter[str] = collections.Counter()
    for word, count in jieba_counts().items():
        for character in word:
            counts[character] += count
    found: dict[str, list[str]] = collections.defaultdict(list)
    for sound in sorted(sounds):
        alike = sorted((c for c in sounds[sound] if counts[c] > _COMMON), key=lambda c: (-counts[c], c))[:_MOST]
        for character in alike:
            found[character] += [other for other in alike if other != character]
    return {character: others for character, others in found.items() if others}
