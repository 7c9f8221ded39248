"""Any sentence-transformers model as the finder sees it: texts in, unit vectors out, and a digest of its weights.

The shipped model is static (one vector a word). sentence-transformers loads it like any other and encodes batches;
a few texts at a time go through the numpy reader of `language`, which gives the same vectors without torch's fixed
cost a call. Vectors are float32 [n, dimension] of unit length; a text without a known word gives zeros.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from language.normalise import NORMALISER_VERSION, normalise
from language.static_encoder import EncoderError, StaticEncoder

Vectors = NDArray[np.float32]
#: Up to this many texts the numpy reader is faster than a call into torch (measured: docs/subsystems/knowledge.md).
FEW = 16
_PROBES = ("怎么退货", "退款多久到账", "hello 123")
_AGREE = 2e-3  # largest difference of a coordinate between both readers; float16 tables round at 5e-4


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

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of `texts`, [len(texts), dimension]."""


class UnusableEncoderError(Exception):
    """The model {name} cannot be used: {why}."""


class SentenceEncoder:
    """A sentence-transformers model; texts are normalised first, as they were when the shipped one was trained."""

    def __init__(self, name: str, model: Any, few: StaticEncoder | None = None) -> None:
        """`few` reads the same weights for small batches; it is dropped if its vectors differ from the model's."""
        self.name = name
        self._model = model
        self._lock = threading.Lock()  # torch modules and tokenizers are not promised to be safe across threads
        self.digest = _digest(model)
        probes = self._by_model(_PROBES)
        self.dimension = int(probes.shape[1])
        agrees = few is not None and np.abs(few.encode(_PROBES) - probes).max() < _AGREE
        self._few = few if agrees else None

    @property
    def static(self) -> StaticEncoder | None:
        """The word-by-word reader where the model is static, else None."""
        return self._few

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of `texts`, [len(texts), dimension]."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        if self._few is not None and len(texts) <= FEW:
            return np.asarray(self._few.encode(texts), np.float32)
        return self._by_model(texts)

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
    few = None
    if looks_local:
        try:
            few = StaticEncoder.load(Path(wanted).expanduser())
        except EncoderError:
            few = None  # not a static model: torch encodes every text
    return SentenceEncoder(wanted, model, few)


def _digest(model: Any) -> str:
    """SHA-256 over the weights and the spelling rules: the path where they lie does not matter."""
    total = hashlib.sha256(f"normaliser {NORMALISER_VERSION}".encode())
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
