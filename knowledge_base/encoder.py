"""Any sentence-transformers model as the finder sees it: texts in, unit vectors out, and a digest of its weights.

sentence-transformers loads the model; texts go through a reader without its fixed costs where there is one that gives
the same vectors: the numpy reader of `language` for a static model, `quick_bert` for a BERT such as the shipped one.
Beside it stands the shipped table of words: the finder asks it which words of a question an entry speaks of, whatever
the encoder is, and the shipped encoder's vectors are blended with its view of the sentence (`blend`). Vectors are
float32 [n, dimension] of unit length; a static model gives zeros for a text without a known word.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from knowledge_base.blend import Blend
from language.normalise import NORMALISER_VERSION, normalise
from language.static_encoder import EncoderError, StaticEncoder

log = logging.getLogger(__name__)

Vectors = NDArray[np.float32]
#: Words of Chinese with their vectors; the finder's view of single words.
WORDS = Path(__file__).parents[1] / "models" / "words"
_PROBES = ("怎么退货", "退款多久到账", "hello 123")
_AGREE = 0.99  # least cosine between the two readers' vectors; at .99 on average nothing is found worse (measured)


class Encoder(Protocol):
    """What the finder needs of an encoder."""

    @property
    def name(self) -> str:
        """What the settings call it: a path or hub name."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    @property
    def digest(self) -> str:
        """SHA-256 (hex) that changes whenever the vectors may."""

    @property
    def words(self) -> StaticEncoder | None:
        """The table of single words, None where there is none."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of `texts`, [len(texts), dimension]."""


class Reader(Protocol):
    """Another way to the same vectors."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of `texts`, [len(texts), dimension]."""


class UnusableEncoderError(Exception):
    """The model {name} cannot be used: {why}."""


class SentenceEncoder:
    """A sentence-transformers model; texts are normalised first, as they were when the shipped one was trained."""

    def __init__(
        self,
        name: str,
        model: Any,
        reader: Reader | None = None,
        words: StaticEncoder | None = None,
        blend: Blend | None = None,
    ) -> None:
        """`reader` reads the same weights with less ado; it is dropped if its vectors differ from the model's.

        `words` is the table of single words, None where there is none; with `blend` its view of a sentence becomes a
        part of the vectors.
        """
        self.name = name
        self.words = words
        self._model = model
        self._lock = threading.Lock()  # torch modules and tokenizers are not promised to be safe across threads
        self._blend = blend if words is not None else None
        self.digest = _digest(model, words, self._blend)
        probes = self._by_model(_PROBES)
        self.dimension = self._blend.dimension if self._blend else int(probes.shape[1])
        agrees = reader is not None and (reader.encode(_PROBES) * probes).sum(axis=1).min() > _AGREE
        self._reader = reader if agrees else None

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of `texts`, [len(texts), dimension]."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        if self._reader is not None:
            vectors = np.asarray(self._reader.encode(texts), np.float32)
        else:
            vectors = self._by_model(texts)
        if self._blend is None or self.words is None:
            return vectors
        return self._blend(self.words.encode(texts), vectors)

    def _by_model(self, texts: Sequence[str]) -> Vectors:
        cleaned = [normalise(text) for text in texts]
        with self._lock:
            raw = self._model.encode(cleaned, batch_size=256, show_progress_bar=False, convert_to_numpy=True)
        vectors = np.asarray(raw, np.float32)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(np.nan_to_num(vectors / np.maximum(norms, 1e-12)), np.float32)


def load_encoder(name: str | Path, *, device: str = "cpu") -> SentenceEncoder:
    """Load the model at a path or of a hub name; raises UnusableEncoderError saying what to do.

    From then on numpy's linear algebra uses one thread in this process: a query is a handful of small products, and
    threads that wait for each other on a busy machine make it several times slower (measured).
    """
    wanted = str(name)
    threadpool_limits(limits=1, user_api="blas")
    try:
        from sentence_transformers import SentenceTransformer  # imported late: it brings torch, which takes seconds
    except ImportError as error:
        raise UnusableEncoderError(f"{wanted}: sentence-transformers is not installed (make setup)") from error
    looks_local = wanted.startswith((".", "/", "~")) or Path(wanted).exists()
    if looks_local and not Path(wanted).expanduser().is_dir():
        raise UnusableEncoderError(f"{wanted}: there is no such folder; give a model folder or a hub name")
    try:
        model = SentenceTransformer(str(Path(wanted).expanduser()) if looks_local else wanted, device=device)
    except Exception as error:  # hub, torch and transformers raise errors of their own without a common base
        reason = str(error).strip().splitlines()
        raise UnusableEncoderError(f"{wanted}: {reason[0] if reason else type(error).__name__}") from error
    words = _word_table()
    try:
        blend = Blend.load(Path(wanted).expanduser()) if looks_local and words is not None else None
    except ValueError as error:
        raise UnusableEncoderError(str(error)) from error
    return SentenceEncoder(wanted, model, _reader(wanted, model), words, blend)


def _reader(name: str, model: Any) -> Reader | None:
    """The quick reader for a model, None where there is none and every text goes through the model."""
    if type(next(iter(model))).__name__ == "StaticEmbedding":
        try:
            return StaticEncoder.load(Path(name).expanduser())
        except EncoderError:
            return None
    from knowledge_base.quick_bert import QuickBert  # imported late: torch

    return QuickBert.of(model)


@functools.cache
def _word_table() -> StaticEncoder | None:
    """The shipped table of words; without it the finder does without its measures of single words."""
    try:
        return StaticEncoder.load(WORDS)
    except EncoderError as error:
        log.warning("no word table: %s", error)
        return None


def _digest(model: Any, words: StaticEncoder | None, blend: Blend | None) -> str:
    """SHA-256 over the weights and the spelling rules: the path where they lie does not matter."""
    parts = f"words {words.digest if words else None} blend {blend.digest if blend else None}"
    total = hashlib.sha256(f"normaliser {NORMALISER_VERSION} {parts}".encode())
    for key, tensor in sorted(model.state_dict().items()):
        values = tensor.detach().cpu().contiguous()
        total.update(f"{key} {tuple(values.shape)} {values.dtype}".encode())
        total.update(values.flatten().view(_bytes_type()).numpy().tobytes())
    tokenizer: Any = getattr(model, "tokenizer", None)
    if hasattr(tokenizer, "to_str"):
        total.update(tokenizer.to_str().encode())
    elif hasattr(tokenizer, "get_vocab"):
        total.update(repr(sorted(tokenizer.get_vocab().items())).encode())
    return total.hexdigest()


def _bytes_type() -> Any:
    import torch

    return torch.uint8
