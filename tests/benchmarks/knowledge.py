"""The finder: time of a query by size of the base, time of an edit, and quality beside BM25 and the encoder alone."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from knowledge_base.encoder import Encoder, load_encoder
from knowledge_base.entry import FaqEntry
from knowledge_base.evaluate import judge
from knowledge_base.features import Base
from knowledge_base.files import load
from knowledge_base.finder import Finder
from knowledge_base.lexical import bigrams, over
from knowledge_base.queries import Query, read_queries
from tests.benchmarks.table import Table

ROOT = Path(__file__).resolve().parents[2]
DEV = ROOT / "data" / "dev"
SIZES = (100, 1_000, 10_000)
ASKED = 400


def run() -> list[Table]:
    """Some minutes, most of them preparing ten thousand entries for the first time."""
    encoder = load_encoder(ROOT / "models" / "encoder")
    return [_times(encoder), _quality(encoder)]


def _times(encoder: Encoder) -> Table:
    rows = []
    for size in SIZES:
        entries = _entries(size)
        began = time.perf_counter()
        finder = Finder.build(entries, encoder)
        built = time.perf_counter() - began
        began = time.perf_counter()
        edited = [*entries[:-1], replace(entries[-1], question="新加的问题怎么办")]
        finder = Finder.build(edited, encoder, previous=finder.base.preparation)
        edit = time.perf_counter() - began
        draw = random.Random(2)
        texts = [draw.choice(_sentences()) + draw.choice("呢吗啊呀") for _ in range(ASKED)]
        ours = _timed(finder.find, texts)
        vectors = finder.base.vectors
        scan = _timed(lambda text, held=vectors: held @ encoder.encode([text])[0], texts)
        rows.append(
            (
                f"{size:,}",
                f"{len(vectors):,}",
                finder.base.index.index if finder.base.index else "none",
                float(np.quantile(ours, 0.5)),
                float(np.quantile(ours, 0.99)),
                float(np.quantile(scan, 0.5)),
                built,
                edit,
            )
        )
    return Table(
        "One question, encode and search",
        f"{ASKED} questions one after another, one thread; first build prepares every entry, an edit changes one. "
        "The scan is encoding and one product with every wording, nothing else.",
        ("entries", "wordings", "index", "p50 ms", "p99 ms", "scan p50 ms", "first build s", "edit s"),
        rows,
    )


def _quality(encoder: Encoder) -> Table:
    rows: list[tuple[object, ...]] = []
    for name in ("appliance", "travel"):
        entries = load(DEV / f"kb_{name}.jsonl").entries
        queries = read_queries(DEV / f"queries_{name}.jsonl")
        outside = read_queries(DEV / "oos.jsonl", oos=True)
        bm25 = over([p for t in (*e.wordings, e.answer) for p in bigrams(t)] for e in entries)
        base = Base(entries, encoder)

        def by_encoder(text: str, base: Base = base) -> np.ndarray:
            scores = np.full(len(base.entries), -1.0)
            np.maximum.at(scores, base.owners, base.vectors @ base.encoder.encode([text])[0])
            return scores

        def by_bm25(text: str, shares: Callable[[list[str]], np.ndarray] = bm25) -> np.ndarray:
            return shares(bigrams(text))

        for label, score in (("BM25, character pairs", by_bm25), ("encoder alone", by_encoder)):
            hits = _hits(entries, queries, score)
            rows.append((name, label, *hits, "–", "–", "–"))
        report = judge(Finder.build(entries, encoder), queries, outside).report
        helped = report["answered_right"] + report["clarified_right"]
        figures = (report["hit@1"], report["hit@3"], helped, report["answered_wrong"], report["oos_answered"])
        rows.append((name, "finder (its calibration saw these)", *figures))
    return Table(
        "Right answers on the development sets",
        "The finder's own line is fitted on these sets; figures for questions it was not fitted on stand in "
        "models/finder/calibration.json under cross_fitted.",
        ("base", "method", "hit@1", "hit@3", "answered or clarified right", "answered wrong", "out of scope answered"),
        rows,
    )


def _hits(
    entries: Sequence[FaqEntry], queries: Sequence[Query], score: Callable[[str], np.ndarray]
) -> tuple[float, float]:
    ranks = []
    for query in queries:
        order = [entries[row].id for row in np.argsort(-score(query.text), kind="stable")[:3]]
        ranks.append(next((at for at, key in enumerate(order, 1) if key in query.gold), 9))
    return float(np.mean(np.array(ranks) == 1)), float(np.mean(np.array(ranks) <= 3))


def _timed(ask: Callable[[str], object], texts: Sequence[str]) -> list[float]:
    ask(texts[0])
    taken = []
    for text in texts:
        began = time.perf_counter()
        ask(text)
        taken.append(1000 * (time.perf_counter() - began))
    return taken


def _sentences() -> list[str]:
    queries = [query for path in sorted(DEV.glob("queries_*.jsonl")) for query in read_queries(path)]
    return [query.text for query in queries]


def _entries(count: int) -> list[FaqEntry]:
    """Entries of the development bases, their wordings mixed so that no two are equal."""
    held = [entry for path in sorted(DEV.glob("kb_*.jsonl")) for entry in load(path).entries]
    wordings = [wording for entry in held for wording in entry.wordings]
    draw = random.Random(1)
    return [
        FaqEntry(
            id=f"e{number}",
            question=f"{draw.choice(wordings)}{draw.choice(wordings)}",
            answer=draw.choice(held).answer,
            variants=tuple(f"{draw.choice(wordings)}{draw.choice(wordings)}" for _ in range(2)),
        )
        for number in range(count)
    ]
