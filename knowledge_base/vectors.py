"""Embeddings kept by content: a text is encoded once for each encoder, however often the files change.

One SQLite file holds them, so several processes may share it; a lost or broken cache costs time, never a result.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from knowledge_base.encoder import Encoder, Vectors
from language.normalise import normalise

_BATCH = 500  # bound variables of one statement; SQLite allows at least 999


class EmbeddingCache:
    """Vectors on disk under (encoder digest, text digest). Any number of processes may open the same file."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "embeddings.sqlite"
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        self.encoded = 0  # texts that had to be encoded since this object was made

    def encode(self, encoder: Encoder, texts: Sequence[str]) -> Vectors:
        """Unit vectors of `texts`, [n, dimension]; only those not seen before are encoded."""
        keys = [_key(encoder, text) for text in texts]
        known = self._read(set(keys), encoder.dimension)
        fresh = {key: text for key, text in zip(keys, texts) if key not in known}
        if fresh:
            vectors = encoder.encode(list(fresh.values()))
            self.encoded += len(fresh)
            new = dict(zip(fresh, vectors))
            self._write(new)
            known |= new
        out = np.zeros((len(texts), encoder.dimension), np.float32)
        for row, key in enumerate(keys):
            out[row] = known[key]
        return out

    def _read(self, keys: set[bytes], dimension: int) -> dict[bytes, Vectors]:
        found: dict[bytes, Vectors] = {}
        wanted = list(keys)
        try:
            with contextlib.closing(self._open()) as db:
                for start in range(0, len(wanted), _BATCH):
                    batch = wanted[start : start + _BATCH]
                    marks = ",".join("?" * len(batch))
                    for key, blob in db.execute(f"SELECT key, vector FROM embedding WHERE key IN ({marks})", batch):  # noqa: S608
                        if len(blob) == 4 * dimension:
                            found[key] = np.frombuffer(blob, "<f4")
        except sqlite3.DatabaseError:
            self._discard()
        return found

    def _write(self, vectors: dict[bytes, Vectors]) -> None:
        rows = [(key, np.asarray(vector, "<f4").tobytes()) for key, vector in vectors.items()]
        # Unwritable or full disk: serve without the cache.
        with contextlib.suppress(sqlite3.Error), contextlib.closing(self._open()) as db, db:
            db.executemany("INSERT OR IGNORE INTO embedding VALUES (?, ?)", rows)

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=5)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("CREATE TABLE IF NOT EXISTS embedding (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID")
        return db

    def _discard(self) -> None:
        """A file that is no database is of no use to anybody."""
        with contextlib.suppress(OSError, sqlite3.Error):
            if self._path.exists() and not _is_database(self._path):
                self._path.unlink()


def encode(encoder: Encoder, texts: Sequence[str], cache: EmbeddingCache | None) -> Vectors:
    """Unit vectors of `texts`, through `cache` where there is one."""
    return cache.encode(encoder, texts) if cache is not None else encoder.encode(texts)


def _key(encoder: Encoder, text: str) -> bytes:
    content = f"{encoder.digest}\n{normalise(text)}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(content).digest()


def _is_database(path: Path) -> bool:
    with path.open("rb") as opened:
        return opened.read(16) in (b"SQLite format 3\x00", b"")
