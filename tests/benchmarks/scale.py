"""Size: a question by the number of entries, and the index beside brute force and the memory's speed.

Each size runs in a process of its own, on one core; building says how far it is, and a build that was ended goes on
where it stopped, with the time it took so far. `JIEHUA_BENCH_LARGE=1` adds two hundred thousand entries, a million
wordings, with the shipped table of words as the encoder: its vectors are as long, and made fifty times as fast, so that
what is measured is all the rest. `JIEHUA_BENCH_CACHE=FOLDER` keeps what was prepared, and what that took.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import psutil

from knowledge_base import artefact, text_index
from knowledge_base.encoder import SentenceEncoder, load_encoder
from knowledge_base.entry import FaqEntry
from knowledge_base.finder import Finder
from knowledge_base.text_index import TextIndex, exact_nearest, unpacked
from knowledge_base.vectors import EmbeddingCache
from tests.benchmarks import generated
from tests.benchmarks.table import Table

ROOT = Path(__file__).resolve().parents[2]
SIZES = (1_000, 10_000, 40_000)  # entries, of five wordings each
LARGE = 200_000
MODELS = ROOT / "models"
CROSSING = (2_000, 4_000, 8_000, 16_000, 32_000)  # vectors
EVERY_KIND = {"exact": True, "graph": False, "cells": False}
ASKED = 1_000
SCANNED = 50  # questions put to the exact scan of a million vectors: each takes a tenth of a second and more
RECALL_OF = 500  # questions
LOT = 4_096  # texts that are encoded between two entries in the account of a build
NEAREST = 10


def run() -> list[Table]:
    """Ten minutes; half an hour with the large base."""
    sizes = (*SIZES, LARGE) if os.environ.get("JIEHUA_BENCH_LARGE") else SIZES
    for size in sizes:
        if not (_folder(size) / "took.json").exists():
            _apart(_build, size)
    found = [_apart(_measure, size) for size in sizes]
    if not os.environ.get("JIEHUA_BENCH_CACHE"):
        for size in sizes:
            shutil.rmtree(_folder(size))
    about = (
        f"{ASKED} questions one after another on one core through `Finder.find`: normalise, encode, gather, measure, "
        f"decide. Every entry has {generated.WORDINGS} wordings and an answer; the questions are other wordings. "
        "Processor: what the asking thread used, which another load on the machine changes less. Resident: the whole "
        "process with the encoder, after opening what was built; peak: while building. Encode and build: processor "
        "seconds of one core, for the vectors of all wordings and answers, and for all else. The largest base has the "
        "table of words for an encoder; with the shipped one its texts take as much longer as the two speeds say, and "
        "each question some two milliseconds more."
    )
    columns = ("entries", "wordings", "encoder", "p50 ms", "p99 ms", "processor p50 ms", "processor p99 ms")
    columns = (*columns, "encode s", "texts / s", "build s", "resident MiB", "peak MiB")
    names = (
        "entries",
        "wordings",
        "encoder",
        "p50",
        "p99",
        "cpu_p50",
        "cpu_p99",
        "encode",
        "speed",
        "build",
        "resident",
        "peak",
    )
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
        "processor p99 ms",
        "exact p50 ms",
        "floor ms",
        "index MiB",
        "recall at build",
        "recall of questions",
    )
    names = (
        "wordings",
        "index",
        "near_p50",
        "near_p99",
        "near_cpu",
        "exact",
        "floor",
        "index_mib",
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


def _encoder(size: int) -> SentenceEncoder:
    return load_encoder(MODELS / ("words" if size == LARGE else "encoder"))


def _folder(size: int) -> Path:
    return Path(os.environ.get("JIEHUA_BENCH_CACHE") or tempfile.gettempdir()) / f"jiehua-scale-{size}"


def _build(size: int) -> None:
    """Prepare a base and keep it with what that took."""
    _one_core()
    encoder = _encoder(size)
    entries, _ = generated.entries(size)
    folder = _folder(size)
    took = _encode(entries, encoder, folder)
    began = time.process_time()
    finder = Finder.build(entries, encoder, cache=EmbeddingCache(folder), progress=_told(time.perf_counter()))
    took["build"] = time.process_time() - began
    took["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    artefact.save(folder / "index", finder.base.preparation, encoder)
    (folder / "took.json").write_text(json.dumps(took))


def _encode(entries: Sequence[FaqEntry], encoder: SentenceEncoder, folder: Path) -> dict[str, float]:
    """Vectors of all texts into the cache of `folder`; goes on where an ended run stopped. Texts, and seconds."""
    texts = list(dict.fromkeys(text for entry in entries for text in (*entry.wordings, entry.answer)))
    account, cache = folder / "encoded.json", EmbeddingCache(folder)
    took = json.loads(account.read_text()) if account.exists() else {"texts": 0, "encode": 0.0}
    tell = _told(time.perf_counter())
    for start in range(int(took["texts"]), len(texts), LOT):
        began = time.process_time()
        cache.encode(encoder, texts[start : start + LOT])
        took = {"texts": min(start + LOT, len(texts)), "encode": took["encode"] + time.process_time() - began}
        account.write_text(json.dumps(took))
        tell(int(took["texts"]), len(texts))
    return {**took, "speed": took["texts"] / max(took["encode"], 1e-9)}


def _measure(size: int) -> dict[str, Any]:
    """Ask the base that `_build` kept."""
    _one_core()
    encoder = _encoder(size)
    entries, asked = generated.entries(size)
    finder = Finder.build(entries, encoder, previous=artefact.open_preparation(_folder(size) / "index", encoder))
    texts = asked[:: max(1, size // ASKED)][:ASKED]
    took, cpu = timed(finder.find, texts)
    resident = psutil.Process().memory_info().rss / 2**20
    segment = finder.base.preparation.segments[0]
    index, report = segment.asked_index, segment.asked_index.report
    vectors = encoder.encode(texts)
    near, near_cpu = timed(lambda one: index.nearest(one[None], 64, roughly=True), vectors)
    questions = vectors[:RECALL_OF]
    exact = exact_nearest(segment.asked, questions, NEAREST)
    _, rows = index.nearest(questions, NEAREST)
    index_mib = faiss.serialize_index(index._index).nbytes / 2**20
    flat = faiss.IndexFlatIP(encoder.dimension)
    for start in range(0, len(segment.asked), 65_536):
        flat.add(unpacked(segment.asked[start : start + 65_536]))
    faiss.omp_set_num_threads(1)
    scanned, _ = timed(lambda one: flat.search(one[None], 64), vectors[:SCANNED])
    return {
        **json.loads((_folder(size) / "took.json").read_text()),
        "entries": f"{size:,}",
        "encoder": "words" if size == LARGE else "shipped",
        "wordings": f"{index.size:,}",
        "p50": quantile(took, 0.5),
        "p99": quantile(took, 0.99),
        "cpu_p50": quantile(cpu, 0.5),
        "cpu_p99": quantile(cpu, 0.99),
        "resident": resident,
        "index": re.sub(r"\d+ vectors, |recall@10 [\d.]+, ", "", str(report)),
        "near_p50": quantile(near, 0.5),
        "near_p99": quantile(near, 0.99),
        "near_cpu": quantile(near_cpu, 0.99),
        "exact": quantile(scanned, 0.5),
        "floor": index.size * encoder.dimension * 4 / read_speed() * 1000,
        "index_mib": index_mib,
        "built": report.recall,
        "recall": float(np.mean([len(np.intersect1d(a, b)) / NEAREST for a, b in zip(exact, rows)])),
    }


def _crossing(_: int) -> Table:
    _one_core()
    encoder = load_encoder(MODELS / "encoder")
    entries, asked = generated.entries(max(CROSSING) // generated.WORDINGS + 1)
    every = encoder.encode([wording for entry in entries for wording in entry.wordings])
    questions = encoder.encode(asked[:ASKED])
    rows = []
    for count in CROSSING:
        row: list[object] = [f"{count:,}"]
        for kind, exact in EVERY_KIND.items():
            text_index.GRAPH_UP_TO_NUMBERS = 0 if kind == "cells" else 10**9
            began = time.process_time()
            index = TextIndex(every[:count], exact=exact)
            built = time.process_time() - began
            _, took = timed(lambda one, index=index: index.nearest(one[None], 64, roughly=True), questions)
            row += [quantile(took, 0.5)] if exact else [quantile(took, 0.5), index.recall, built]
        rows.append(row)
    about = (
        "The 64 nearest of the first so many wordings, milliseconds of one core's processor at the median; recall@10 "
        "and processor seconds of the build with its tuning. The first change is set at 3 million numbers, the second "
        "at 100 million."
    )
    columns = ("vectors", "exact ms", "graph ms", "recall", "build s", "cells ms", "recall", "build s")
    return Table("Exact, graph and cells", about, columns, rows)


def read_speed() -> float:
    """Bytes a second that one core reads from memory: the sum over half a gibibyte, the best of five."""
    held = np.ones(2**26, np.float64)
    best = min(_seconds(held.sum) for _ in range(5))
    return held.nbytes / best


def timed(ask: Callable[[Any], object], given: Sequence[Any]) -> tuple[list[float], list[float]]:
    """Milliseconds of each call by the clock and of this thread's processor, after some calls to warm up."""
    for one in given[:50]:
        ask(one)
    clock, cpu = [], []
    for one in given:
        began, began_cpu = time.perf_counter(), time.thread_time()
        ask(one)
        cpu.append(1000 * (time.thread_time() - began_cpu))
        clock.append(1000 * (time.perf_counter() - began))
    return clock, cpu


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
            print(f"   {done:,} of {total:,}, {now - began:.0f} s", file=sys.stderr, flush=True)

    return tell
