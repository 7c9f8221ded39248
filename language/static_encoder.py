"""Sentence vectors without torch: the mean of its words' vectors, unit length.

Reads a sentence-transformers `StaticEmbedding` model (`tokenizer.json` + `model.safetensors`) with tokenizers and
numpy, so that the Rasa process and the knowledge base see the same vectors as `SentenceTransformer` gives for
normalised text.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors import safe_open
from tokenizers import Tokenizer

from language.normalise import normalise


class EncoderError(Exception):
    """The folder does not hold a static sentence encoder; the message says what is missing or wrong."""


class StaticEncoder:
    """Texts to float32 vectors of unit length; a text without a known word gives the zero vector."""

    def __init__(self, tokenizer: Tokenizer, table: np.ndarray, scale: np.ndarray | None = None) -> None:
        """`table` is [vocabulary, dimension] (float16, float32, or int8 with one float `scale` a row)."""
        if table.ndim != 2 or tokenizer.get_vocab_size() > len(table):
            raise EncoderError(
                f"the tokenizer has {tokenizer.get_vocab_size()} words and the table the shape {table.shape}"
            )
        if scale is not None and len(scale) != len(table):
            raise EncoderError(f"{len(scale)} scales for {len(table)} rows")
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self._table = table
        self._scale = None if scale is None else scale.astype(np.float32)
        unknown = getattr(tokenizer.model, "unk_id", None)
        self._unknown = unknown if isinstance(unknown, int) else _unknown_of(tokenizer)

    @classmethod
    def load(cls, path: str | Path) -> StaticEncoder:
        """Read the model folder at `path`; raises `EncoderError` if it is not a static encoder."""
        folder = _module_folder(Path(path))
        try:
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            with safe_open(str(folder / "model.safetensors"), framework="numpy") as tensors:
                names = set(tensors.keys())
                if "embedding.weight" in names:
                    return cls(tokenizer, tensors.get_tensor("embedding.weight"))
                if {"embeddings", "weights"} <= names:
                    return cls(tokenizer, tensors.get_tensor("embeddings"), tensors.get_tensor("weights"))
        except EncoderError:
            raise
        except Exception as error:  # tokenizers and safetensors raise bare Exception subclasses of their own
            raise EncoderError(f"{folder} holds no readable static encoder: {error}") from error
        raise EncoderError(f"{folder / 'model.safetensors'} has no embedding table, only {sorted(names)}")

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._table.shape[1])

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the words and their vectors."""
        total = hashlib.sha256(self._tokenizer.to_str().encode())
        for part in (self._table, self._scale):
            if part is not None:
                total.update(np.ascontiguousarray(part).tobytes())
        return total.hexdigest()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of `texts`, float32 [len(texts), dimension], unit length (zero for a text of no known word)."""
        out = np.zeros((len(texts), self.dimension), dtype=np.float32)
        if not texts:
            return out
        encodings = self._tokenizer.encode_batch([normalise(t) for t in texts], add_special_tokens=False)
        for row, encoding in enumerate(encodings):
            ids = [i for i in encoding.ids if i != self._unknown]
            if ids:
                out[row] = self._rows(ids).sum(axis=0)
        norms = np.linalg.norm(out, axis=1, keepdims=True)
        np.divide(out, norms, out=out, where=norms > 1e-12)
        return out

    def words(self, text: str) -> tuple[list[str], np.ndarray]:
        """Known words of `text` in order and their vectors, float32 [words, dimension].

        The length of a vector is the word's weight: the sentence vector is their sum made unit length.
        """
        encoding = self._tokenizer.encode(normalise(text), add_special_tokens=False)
        known = [(t, i) for t, i in zip(encoding.tokens, encoding.ids) if i != self._unknown]
        if not known:
            return [], np.zeros((0, self.dimension), dtype=np.float32)
        return [t for t, _ in known], self._rows([i for _, i in known])

    def tokens(self, text: str) -> list[str]:
        """Known words of `text` in order, without their vectors."""
        encoding = self._tokenizer.encode(normalise(text), add_special_tokens=False)
        return [token for token, number in zip(encoding.tokens, encoding.ids) if number != self._unknown]

    @property
    def vocabulary(self) -> list[str]:
        """Every known word, in the order of the table."""
        ordered = sorted(self._tokenizer.get_vocab().items(), key=lambda pair: pair[1])
        return [word for word, number in ordered if number != self._unknown]

    def rows(self, words: Sequence[str]) -> np.ndarray:
        """Vectors of single `words` of `vocabulary`, float32 [len(words), dimension], not normalised."""
        return self._rows([self._tokenizer.token_to_id(word) for word in words])

    def _rows(self, ids: list[int]) -> np.ndarray:
        rows = self._table[ids].astype(np.float32)
        if self._scale is not None:
            rows *= self._scale[ids, None]
        return rows


def _module_folder(root: Path) -> Path:
    """The folder of the StaticEmbedding module: named in modules.json, or `root` itself."""
    listing = root / "modules.json"
    if not listing.exists():
        if not (root / "tokenizer.json").exists():
            raise EncoderError(f"{root} has neither modules.json nor tokenizer.json")
        return root
    try:
        modules = json.loads(listing.read_text(encoding="utf-8"))
        kinds = [module["type"].rsplit(".", 1)[-1] for module in modules]
        first = root / modules[0]["path"]
    except (ValueError, LookupError, TypeError) as error:
        raise EncoderError(f"{listing} is not a list of modules: {error}") from error
    if kinds[0] != "StaticEmbedding" or any(kind != "Normalize" for kind in kinds[1:]):
        raise EncoderError(f"{root} is a {' + '.join(kinds)} model, not a static one")
    return first


def _unknown_of(tokenizer: Tokenizer) -> int:
    """Id of the unknown token, or -1."""
    model = json.loads(tokenizer.to_str())["model"]
    if isinstance(model.get("unk_id"), int):
        return int(model["unk_id"])
    found = tokenizer.token_to_id(model.get("unk_token") or "[UNK]")
    return -1 if found is None else int(found)
