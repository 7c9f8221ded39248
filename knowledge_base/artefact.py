"""A preparation on disk, with a manifest that says what it was made of.

Layout of the folder: `manifest.json`, `prepared.npz` (no pickles), and `*.faiss` for partitioned indexes. A folder made
with another encoder, dimension, metric or format, for other entries, or damaged, is refused with the reason; the files
can always be built again from the sources.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from knowledge_base.coverage import EntryWords, WordTable
from knowledge_base.encoder import Encoder
from knowledge_base.lexical import Counts, Vocabulary
from knowledge_base.preparation import Preparation, Prepared
from knowledge_base.text_index import TextIndex
from language.normalise import NORMALISER_VERSION

FORMAT = 1
METRIC = "inner product of unit vectors"
_FIELDS = ("asked_words", "whole_words", "asked_pairs", "whole_pairs")
_INDEXES = ("asked_index", "answer_index")


class ArtefactMismatchError(Exception):
    """The index in {folder} does not fit: {what}. Build it again: jiehua kb index."""

    def __init__(self, folder: Path, what: str) -> None:
        super().__init__(f"the index in {folder} does not fit: {what}; build it again: jiehua kb index")


@dataclass(frozen=True)
class Manifest:
    """What an artefact was made of. `source` is the digest of the entries, `files` name -> SHA-256."""

    format: int
    encoder: str
    encoder_digest: str
    dimension: int
    metric: str
    normaliser: int
    source: str
    entries: int
    files: dict[str, str]


def save(folder: Path, preparation: Preparation, encoder: Encoder, source: str) -> Manifest:
    """Write `preparation` of the entries with digest `source`; the folder is replaced as a whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        ready = list(preparation.by_digest.values())
        nothing = np.zeros((0, encoder.dimension), np.float32)
        arrays = {
            "digests": np.array(list(preparation.by_digest), "S64"),
            "asked": np.concatenate([nothing, *(one.asked for one in ready)]),
            "wordings": np.array([len(one.asked) for one in ready], np.int64),
            "answers": np.stack([one.answer for one in ready]) if ready else nothing,
            "words": _packed(preparation.words),
            "pairs": _packed(preparation.pairs),
        }
        for name in _FIELDS:
            counted: list[Counts] = [getattr(one, name) for one in ready]
            arrays[f"{name}_sizes"] = np.array([len(numbers) for numbers, _ in counted], np.int64)
            none = [np.zeros(0, np.int64)]
            arrays[f"{name}_terms"] = np.concatenate(none + [numbers for numbers, _ in counted]).astype(np.int32)
            arrays[f"{name}_counts"] = np.concatenate(none + [counts for _, counts in counted]).astype(np.int32)
        lists = [rows for one in ready for rows in (*one.meaning.wordings, one.meaning.answer)]
        arrays["meaning_sizes"] = np.array([len(rows) for rows in lists], np.int64)
        arrays["meaning_rows"] = np.concatenate([np.zeros(0, np.int32), *lists])
        arrays["table_words"] = _packed(preparation.table.words)
        arrays["table_vectors"] = preparation.table.vectors
        np.savez(work / "prepared.npz", **arrays)  # type: ignore[arg-type]
        for name in _INDEXES:
            index: TextIndex | None = getattr(preparation, name)
            if index is not None and not index.exact:
                index.save(work / f"{name}.faiss")
        files = {path.name: _sha256(path) for path in sorted(work.iterdir())}
        manifest = Manifest(
            format=FORMAT,
            encoder=encoder.name,
            encoder_digest=encoder.digest,
            dimension=encoder.dimension,
            metric=METRIC,
            normaliser=NORMALISER_VERSION,
            source=source,
            entries=len(ready),
            files=files,
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
            return _rebuilt(folder, {name: arrays[name] for name in arrays.files}, manifest)
    except (OSError, ValueError, LookupError, zipfile.BadZipFile) as error:
        raise ArtefactMismatchError(folder, f"it cannot be read ({error})") from error


def _rebuilt(folder: Path, arrays: dict[str, np.ndarray], manifest: Manifest) -> Preparation:
    asked = np.split(arrays["asked"], np.cumsum(arrays["wordings"])[:-1])
    counted: dict[str, list[Counts]] = {}
    for name in _FIELDS:
        cuts = np.cumsum(arrays[f"{name}_sizes"])[:-1]
        terms = np.split(arrays[f"{name}_terms"].astype(np.int64), cuts)
        counts = np.split(arrays[f"{name}_counts"].astype(np.int64), cuts)
        counted[name] = list(zip(terms, counts))
    lists = iter(np.split(arrays["meaning_rows"], np.cumsum(arrays["meaning_sizes"])[:-1]))
    by_digest = {}
    for row, digest in enumerate(arrays["digests"].tolist()):
        meaning = EntryWords(tuple(next(lists) for _ in range(len(asked[row]))), next(lists))
        of_row = {name: counted[name][row] for name in _FIELDS}
        by_digest[digest.decode()] = Prepared(asked[row], arrays["answers"][row], meaning=meaning, **of_row)
    vectors = arrays["table_vectors"]
    table = WordTable(vectors.shape[1], _terms(arrays["table_words"]), vectors)
    indexes = {
        name: TextIndex.open(folder / f"{name}.faiss") if f"{name}.faiss" in manifest.files else None
        for name in _INDEXES
    }
    words, pairs = Vocabulary(_terms(arrays["words"])), Vocabulary(_terms(arrays["pairs"]))
    return Preparation(manifest.encoder_digest, table, words, pairs, by_digest, **indexes)


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
