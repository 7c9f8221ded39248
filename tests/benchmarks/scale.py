"""Size: a question by the number of entries, the index beside brute force and the memory's speed, up to a million.

Each size runs in a process of its own, on one core; building says how far it is. `JIEHUA_BENCH_CACHE=FOLDER` keeps what
was prepared between runs (then the time to build is that of opening it).
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import psutil

from knowledge_base import artefact
from knowledge_base.encoder import load_encoder
from knowledge_base.finder import Finder
from knowledge_base.text_index import TextIndex, exact_nearest, unpacked
from tests.benchmarks import generated
from tests.benchmarks.table import Table

ROOT = Path(__file__).resolve().parents[2]
SIZES = (1_000, 10_000, 200_000)  # entries, of five wordings each
CROSSING = (2_000, 4_000, 8_000, 16_000, 32_000)  # vectors
ASKED = 1_000
SCANNED = 50  # questions put to the exact scan of a million vectors: each takes a tenth of a second and more
RECALL_OF = 500  # questions
NEAREST = 10


def run() -> list[Table]:
    """Twenty minutes, most of them preparing two hundred thousand entries."""
    found = [_apart(_measure, size) for size in SIZES]
    about = (
        f"{ASKED} questions one after another on one core through `Finder.find`: normalise, encode, gather, measure, "
        f"decide. Every entry has {generated.WORDINGS} wordings and an answer; the questions are other wordings. "
        "Resident: the whole process with the encoder."
    )
    columns = ("entries", "wordings", "p50 ms", "p99 ms", "build s", "entries/s", "resident MiB", "peak MiB")
    names = ("entries", "wordings", "p50", "p99", "build", "rate", "resident", "peak")
    questions = Table("One question by size", about, columns, [[one[name] for name in names] for one in found])
    return [questions, _indexes(found), _apart(_crossing, 0)]


def _indexes(found: Sequence[dict[str, Any]]) -> Table:
    about = (
        "The wordings' index alone, the 64 nearest. The exact scan is IndexFlatIP over 32-bit vectors; the floor is "
        "the time to read these vectors once at the memory speed of the same process. Recall@10 against the exact "
        f"scan: at build, on texts moved at random, and on {RECALL_OF} questions that the base does not hold."
    )
    columns = (
        "wordings",
        "index",
        "p50 ms",
        "p99 ms",
        "exact p50 ms",
        "floor ms",
        "index MiB",
        "index build s",
        "recall at build",
        "recall of questions",
    )
    names = (
        "wordings",
        "index",
        "near_p50",
        "near_p99",
        "exact",
        "floor",
        "index_mib",
        "index_build",
        "built",
        "recall",
    )
    return Table("The index", about, columns, [[one[name] for name in names] for one in found])


def _apart(work: Callable[[int], Any], size: int) -> Any:
    """Run `work` in a fresh process, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, size).result()


def _one_core() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _measure(size: int) -> dict[str, Any]:
    _one_core()
    encoder = load_encoder(ROOT / "models" / "encoder")
    entries, asked = generated.entries(size)
    kept = os.environ.get("JIEHUA_BENCH_CACHE")
    folder = Path(kept) / f"scale-{size}" if kept else None
    opened = folder is not None and folder.exists()
    began = time.perf_counter()
    previous = artefact.open_preparation(folder, encoder) if folder is not None and opened else None
    finder = Finder.build(entries, encoder, previous=previous, progress=_told(began))
    built = time.perf_counter() - began
    if folder is not None and not opened:
        artefact.save(folder, finder.base.preparation, encoder)
    texts = asked[:: max(1, size // ASKED)][:ASKED]
    took = timed(finder.find, texts)
    memory = psutil.Process().memory_full_info()
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    segment = finder.base.preparation.segments[0]
    index, report = segment.asked_index, segment.asked_index.report
    vectors = encoder.encode(texts)
    near = timed(lambda one: index.nearest(one[None], 64, roughly=True), vectors)
    questions = vectors[:RECALL_OF]
    exact = exact_nearest(segment.asked, questions, NEAREST)
    _, rows = index.nearest(questions, NEAREST)
    began = time.perf_counter()
    TextIndex(segment.asked)
    index_build = time.perf_counter() - began
    size_mib = faiss.serialize_index(index._index).nbytes / 2**20
    flat = faiss.IndexFlatIP(encoder.dimension)
    for start in range(0, len(segment.asked), 65_536):
        flat.add(unpacked(segment.asked[start : start + 65_536]))
    faiss.omp_set_num_threads(1)
    scanned = timed(lambda one: flat.search(one[None], 64), vectors[:SCANNED])
    return {
        "entries": f"{size:,}",
        "wordings": f"{index.size:,}",
        "p50": quantile(took, 0.5),
        "p99": quantile(took, 0.99),
        "build": f"{built:.1f}{' (opened)' if opened else ''}",
        "rate": size / built,
        "resident": memory.rss / 2**20,
        "peak": peak_kib / 1024,
        "index": report.index + (f", {report.visited}/{report.cells} cells" if report.cells else ""),
        "near_p50": quantile(near, 0.5),
        "near_p99": quantile(near, 0.99),
        "exact": quantile(scanned, 0.5),
        "floor": index.size * encoder.dimension * 4 / read_speed() * 1000,
        "index_mib": size_mib,
        "index_build": index_build,
        "built": report.recall,
        "recall": float(np.mean([len(np.intersect1d(a, b)) / NEAREST for a, b in zip(exact, rows)])),
    }


def _crossing(_: int) -> Table:
    _one_core()
    encoder = load_encoder(ROOT / "models" / "encoder")
    entries, asked = generated.entries(max(CROSSING) // generated.WORDINGS + 1)
    every = encoder.encode([wording for entry in entries for wording in entry.wordings])
    questions = encoder.encode(asked[:ASKED])
    rows = []
    for count in CROSSING:
        row: list[object] = [f"{count:,}"]
        for exact in (True, False):
            index = TextIndex(every[:count], exact=exact)
            took = timed(lambda one, index=index: index.nearest(one[None], 64, roughly=True), questions)
            row += [quantile(took, 0.5), quantile(took, 0.99)]
        rows.append([*row, index.recall])
    about = "The 64 nearest of the first so many wordings, one core. The change of index is set at 3 million numbers."
    columns = ("vectors", "exact p50 ms", "exact p99 ms", "cells p50 ms", "cells p99 ms", "recall@10 of cells")
    return Table("From exact to cells", about, columns, rows)


def read_speed() -> float:
    """Bytes a second that one core reads from memory: the sum over half a gibibyte, the best of five."""
    held = np.ones(2**26, np.float64)
    best = min(_seconds(held.sum) for _ in range(5))
    return held.nbytes / best


def timed(ask: Callable[[Any], object], given: Sequence[Any]) -> list[float]:
    """Milliseconds of each call, after some to warm up."""
    for one in given[:50]:
        ask(one)
    return [1000 * _seconds(lambda one=one: ask(one)) for one in given]


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not pass."""
    return float(np.quantile(values, share))


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _told(began: float) -> Callable[[int, int], None]:
    """Progress on the terminal, every five seconds and at the end."""
    last = [began]

    def tell(done: int, total: int) -> None:
        now = time.perf_counter()
        if now - last[0] > 5 or done == total:
            last[0] = now
            print(f"   {done:,} of {total:,} entries, {now - began:.0f} s", file=sys.stderr, flush=True)

    return tell
