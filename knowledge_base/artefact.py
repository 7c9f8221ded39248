"""A preparation on disk, with a manifest that says what it was made of.

Layout of the folder: `manifest.json`, `prepared.npz` (no pickles), `asked.npy` and `answers.npy` with the vectors,
which are mapped and not read, so that processes share them, and `*.faiss` for partitioned indexes. Kept is the large
segment; what was edited since it was made is prepared again. A folder made with another encoder, dimension,
metric or format, for other entries, or damaged, is refused with the reason; the files can always be built again from
the sources.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge_base.coverage import SpokenWords, WordTable
from knowledge_base.encoder import Encoder
from knowledge_base.entry import digest_of_digests
from knowledge_base.lexical import ASKED, WHOLE, TermCounts, Vocabulary
from knowledge_base.preparation import Preparation
from knowledge_base.ragged import Ragged
from knowledge_base.segment import Segment, Served, Terms
from knowledge_base.text_index import Kept, TextIndex
from language.normalise import NORMALISER_VERSION

FORMAT = 2
METRIC = "inner product of unit vectors"
_INDEXES = ("asked_index", "answer_index")
_VECTORS = ("asked", "answers")
_ABANDONED_S = 3600
Arrays = dict[str, NDArray[Any]]


class ArtefactMismatchError(Exception):
    """The index in {folder} does not fit: {what}. Build it again: jiehua kb index."""

    def __init__(self, folder: Path, what: str) -> None:
        super().__init__(f"the index in {folder} does not fit: {what}; build it again: jiehua kb index")


@dataclass(frozen=True)
class Manifest:
    """What an artefact was made of.

    `source` is the digest of the entries, `files` name -> SHA-256, `indexes` name -> how it searches, with the recall
    that was measured when it was built.
    """

    format: int
    encoder: str
    encoder_digest: str
    dimension: int
    metric: str
    normaliser: int
    source: str
    entries: int
    files: dict[str, str]
    indexes: dict[str, dict[str, Any]] = field(default_factory=dict)


def save(folder: Path, preparation: Preparation, encoder: Encoder) -> Manifest:
    """Write the large segment of a `preparation` that is not empty; the folder is replaced as a whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob(f".{folder.name}-*"):  # by a process that was killed while it wrote
        if time.time() - left.stat().st_mtime > _ABANDONED_S:
            shutil.rmtree(left, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    kept = preparation.segments[0]
    try:
        np.savez(work / "prepared.npz", **_arrays(kept), **_terms_arrays(preparation.terms))  # type: ignore[arg-type]
        for name in _VECTORS:
            np.save(work / f"{name}.npy", getattr(kept, name))
        for name in _INDEXES:
            index: TextIndex = getattr(kept, name)
            if not index.exact:
                index.save(work / f"{name}.faiss")
        files = {path.name: _sha256(path) for path in sorted(work.iterdir())}
        manifest = Manifest(
            format=FORMAT,
            encoder=encoder.name,
            encoder_digest=encoder.digest,
            dimension=encoder.dimension,
            metric=METRIC,
            normaliser=NORMALISER_VERSION,
            source=digest_of_digests(kept.digests),
            entries=len(kept),
            files=files,
            indexes={name: asdict(getattr(kept, name).report) for name in _INDEXES},
        )
        text = json.dumps(asdict(manifest), ensure_ascii=False, indent=1)
        (work / "manifest.json").write_text(text + "\n", encoding="utf-8")
        _swap(work, folder)
        return manifest
    finally:
        shutil.rmtree(work, ignore_errors=True)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an artefact; raises ArtefactMismatchError where there is none that can be read."""
    try:
        document = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        manifest = Manifest(**document)
    except (OSError, ValueError, TypeError) as error:
        raise ArtefactMismatchError(folder, f"its manifest cannot be read ({error})") from error
    if manifest.format != FORMAT:
        raise ArtefactMismatchError(folder, f"it has format {manifest.format}, this version reads {FORMAT}")
    return manifest


def open_preparation(folder: Path, encoder: Encoder, source: str | None = None) -> Preparation:
    """Read what `save` wrote, for `encoder`, and for the entries with digest `source` where one is given.

    Raises ArtefactMismatchError saying what differs.
    """
    manifest = read_manifest(folder)
    expected = {
        "encoder_digest": encoder.digest,
        "dimension": encoder.dimension,
        "metric": METRIC,
        "normaliser": NORMALISER_VERSION,
    }
    if source is not None:
        expected["source"] = source
    for name, wanted in expected.items():
        held = getattr(manifest, name)
        if held != wanted:
            shown = f"made with {manifest.encoder}" if name == "encoder_digest" else f"{held}, wanted {wanted}"
            raise ArtefactMismatchError(folder, f"{name} differs ({shown})")
    try:
        for name, digest in manifest.files.items():
            if _sha256(folder / Path(name).name) != digest:
                raise ArtefactMismatchError(folder, f"{name} is damaged")
        with np.load(folder / "prepared.npz", allow_pickle=False) as arrays:
            read: Arrays = {name: arrays[name] for name in arrays.files}
        for name in _VECTORS:
            read[name] = np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False))
        return _rebuilt(folder, read, manifest)
    except (OSError, ValueError, LookupError, zipfile.BadZipFile) as error:
        raise ArtefactMismatchError(folder, f"it cannot be read ({error})") from error


def _arrays(kept: Segment) -> Arrays:
    channels = {row: list(names) for row, names in kept.served.channels.items()}
    arrays: Arrays = {
        "digests": np.array(kept.digests, "S64"),
        "starts": kept.starts,
        "has_answer": kept.has_answer,
        "spread": kept.spread,
        "published": kept.served.published,
        "since": kept.served.since,
        "until": kept.served.until,
        "channels": np.frombuffer(json.dumps(channels).encode(), np.uint8),
    }
    ragged = {f"spoken_{name}": getattr(kept.spoken, name) for name in ("wordings", "asked", "answers")}
    ragged |= {"words": kept.words.terms, "pairs": kept.pairs.terms}
    for name, rows in ragged.items():
        arrays[f"{name}_starts"], arrays[f"{name}_values"] = rows.starts, rows.values
    return arrays | {"words_counts": kept.words.counts, "pairs_counts": kept.pairs.counts}


def _terms_arrays(terms: Terms) -> Arrays:
    return {
        "vocabulary_words": _packed(terms.words),
        "vocabulary_pairs": _packed(terms.pairs),
        "table_words": _packed(terms.table.words),
        "table_units": terms.table.units,
        "table_weights": terms.table.weights,
    }


def _rebuilt(folder: Path, arrays: Arrays, manifest: Manifest) -> Preparation:
    units, weights = arrays["table_units"], arrays["table_weights"]
    table = WordTable(units.shape[1], _terms(arrays["table_words"]), units, weights)
    terms = Terms(Vocabulary(_terms(arrays["vocabulary_words"])), Vocabulary(_terms(arrays["vocabulary_pairs"])), table)

    def ragged(name: str) -> Ragged:
        return Ragged(arrays[f"{name}_starts"], arrays[f"{name}_values"])

    def index(name: str, vectors: Kept) -> TextIndex:
        report = manifest.indexes[name]
        if f"{name}.faiss" in manifest.files:
            return TextIndex.open(folder / f"{name}.faiss", vectors, float(report["recall"]))
        return TextIndex(vectors, exact=True)

    channels = json.loads(arrays["channels"].tobytes())
    starts = arrays["starts"]
    kept = Segment(
        digests=tuple(digest.decode() for digest in arrays["digests"].tolist()),
        starts=starts,
        asked=arrays["asked"],
        answers=arrays["answers"],
        has_answer=arrays["has_answer"],
        spread=arrays["spread"],
        words=TermCounts.of(ragged("words"), arrays["words_counts"], WHOLE, len(terms.words)),
        pairs=TermCounts.of(ragged("pairs"), arrays["pairs_counts"], ASKED, len(terms.pairs)),
        spoken=SpokenWords(starts, ragged("spoken_wordings"), ragged("spoken_asked"), ragged("spoken_answers")),
        served=Served(
            arrays["published"],
            arrays["since"],
            arrays["until"],
            {int(row): tuple(names) for row, names in channels.items()},
        ),
        asked_index=index("asked_index", arrays["asked"]),
        answer_index=index("answer_index", arrays["answers"]),
    )
    return Preparation(manifest.encoder_digest, terms, (kept,), (np.arange(len(kept)),))


def _packed(vocabulary: Iterable[str]) -> np.ndarray:
    """The terms in the order of their numbers, as UTF-8 with a line feed between (no term holds white space)."""
    return np.frombuffer("\n".join(vocabulary).encode("utf-8", "surrogatepass"), np.uint8)


def _terms(raw: np.ndarray) -> list[str]:
    text = raw.tobytes().decode("utf-8", "surrogatepass")
    return text.split("\n") if text else []


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _swap(work: Path, folder: Path) -> None:
    """Put `work` in the place of `folder`; a reader sees the old folder, none, or the new one, never a mixture."""
    old = work.with_name(work.name + ".old")
    with contextlib.suppress(FileNotFoundError):
        os.rename(folder, old)
    os.rename(work, folder)
    shutil.rmtree(old, ignore_errors=True)
