"""Two views of a sentence as one vector: the table of words, and the encoder that reads words in their context.

The table knows 56,000 words and says which are spoken of; the encoder knows order and context. They err on different
questions, so their cosines together find more than either. The two vectors are weighted, laid end to end and turned
onto the directions in which real sentences differ most (principal components without the mean), which keeps the length
of one vector. The shipped encoder brings its blend along in `blend.safetensors`; other encoders have none.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

Vectors = NDArray[np.float32]
FILE = "blend.safetensors"


class Blend:
    """`centre` [s] is taken from sentence vectors; `words` [w, d] and `sentence` [s, d] turn the two into one."""

    def __init__(self, centre: Vectors, words: Vectors, sentence: Vectors) -> None:
        self.centre, self.words, self.sentence = centre, words, sentence

    @property
    def dimension(self) -> int:
        """Length of a blended vector."""
        return int(self.words.shape[1])

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the numbers."""
        total = hashlib.sha256()
        for part in (self.centre, self.words, self.sentence):
            total.update(np.ascontiguousarray(part).tobytes())
        return total.hexdigest()

    def __call__(self, by_words: Vectors, by_sentence: Vectors) -> Vectors:
        """Unit vectors [n, d] from unit vectors [n, w] and [n, s]."""
        moved = _unit(by_sentence - self.centre)
        return _unit(by_words @ self.words + moved @ self.sentence)

    @classmethod
    def fit(cls, by_words: Vectors, by_sentence: Vectors, *, share: float, dimension: int) -> Blend:
        """From many sentences' unit vectors [n, w] and [n, s]; `share` is the sentence encoder's part of a cosine."""
        centre = by_sentence.mean(axis=0)
        weights = (1 - share) ** 0.5, share**0.5
        both = np.concatenate([weights[0] * by_words, weights[1] * _unit(by_sentence - centre)], axis=1)
        _, _, directions = np.linalg.svd(both - both.mean(axis=0), full_matrices=False)
        turned = directions[:dimension].T.astype(np.float32)
        split = by_words.shape[1]
        return cls(centre.astype(np.float32), weights[0] * turned[:split], weights[1] * turned[split:])

    def save(self, folder: Path) -> None:
        """Write it into a model folder."""
        parts = {"centre": self.centre, "words": self.words, "sentence": self.sentence}
        # safetensors writes the memory as it lies, whatever the strides say
        save_file({name: np.ascontiguousarray(part, np.float32) for name, part in parts.items()}, str(folder / FILE))

    @classmethod
    def load(cls, folder: Path) -> Blend | None:
        """The blend of a model folder, None where it has none. Raises ValueError where it does not fit together."""
        path = folder / FILE
        if not path.is_file():
            return None
        try:
            parts = load_file(str(path))
            blend = cls(parts["centre"], parts["words"], parts["sentence"])
            fits = blend.words.shape[1] == blend.sentence.shape[1] and blend.centre.shape == blend.sentence.shape[:1]
        except Exception as error:  # safetensors raises an error of its own without a base
            raise ValueError(f"{path}: {error}") from error
        if not fits:
            raise ValueError(f"{path}: the shapes of its parts do not fit")
        return blend


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return np.asarray(vectors / lengths, np.float32)
