"""Score a base on questions with known answers and on questions that it does not answer.

The finder that is scored is the one that chats: same features, same calibration, same thresholds.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.answer import Finding, Outcome
from knowledge_base.finder import Finder
from knowledge_base.queries import Query

_TIMED = 200  # single encodings timed; enough for a stable median


@dataclass(frozen=True)
class Judged:
    """One query, what the finder made of it, and the rank of the first right entry (0: not among the candidates)."""

    query: Query
    finding: Finding
    rank: int
    probability: float

    @property
    def verdict(self) -> str:
        """answered_right, answered_wrong, clarified_right, clarified_wrong or missed."""
        candidates = self.finding.candidates
        if self.finding.outcome is Outcome.ANSWER:
            return "answered_right" if candidates[0].entry_id in self.query.gold else "answered_wrong"
        if self.finding.outcome is Outcome.CLARIFY:
            offered = any(candidate.entry_id in self.query.gold for candidate in candidates)
            return "clarified_right" if offered else "clarified_wrong"
        return "missed"


@dataclass(frozen=True)
class Evaluation:
    """The figures (`report`, the object of `kb eval --json`) and the rows behind them."""

    report: dict[str, Any]
    in_scope: tuple[Judged, ...]
    out_of_scope: tuple[Judged, ...] = field(default=())


def evaluate(finder: Finder, queries: Sequence[Query], oos: Sequence[Query] = ()) -> dict[str, Any]:
    """The figures of `kb eval --json`; rates lie in [0, 1], times in milliseconds, absent ones are None."""
    return judge(finder, queries, oos).report


def judge(finder: Finder, queries: Sequence[Query], oos: Sequence[Query] = ()) -> Evaluation:
    """Ask every query and judge what came back."""
    inside, outside = _ask(finder, queries), _ask(finder, oos)
    report: dict[str, Any] = {"n": len(inside)} | hits([judged.rank for judged in inside])
    for verdict in ("answered_right", "answered_wrong", "clarified_right", "clarified_wrong", "missed"):
        report[verdict] = _mean([judged.verdict == verdict for judged in inside])
    report["oos_n"] = len(outside)
    outcomes = (("answered", Outcome.ANSWER), ("clarified", Outcome.CLARIFY), ("missed", Outcome.MISS))
    for name, outcome in outcomes:
        report[f"oos_{name}"] = _mean([judged.finding.outcome is outcome for judged in outside])
    report["oos_auc"] = _auc([j.probability for j in inside], [j.probability for j in outside])
    report |= _times(finder, [judged.query.text for judged in inside], [*inside, *outside])
    report |= {
        "encoder": finder.base.encoder.name,
        "index": finder.base.index.index if finder.base.index else "none",
        "entries": len(finder.entries),
    }
    return Evaluation(report, tuple(inside), tuple(outside))


def hits(ranks: Sequence[int]) -> dict[str, float | None]:
    """hit@1, hit@3, hit@5 and the mean reciprocal rank of right entries' ranks (from 1; 0: not found)."""
    at = np.array(ranks, np.int64)
    figures = {f"hit@{k}": _mean((at >= 1) & (at <= k)) for k in (1, 3, 5)}
    return figures | {"mrr": _mean(np.where(at > 0, 1 / np.maximum(at, 1), 0.0))}


def _ask(finder: Finder, queries: Sequence[Query]) -> list[Judged]:
    if not queries:
        return []
    texts = [query.text for query in queries]
    judged = []
    for query, finding, ranked in zip(queries, finder.find_many(texts), finder.rank_many(texts)):
        ids = [finder.entries[ranked.measured.entries[row]].id for row in ranked.order]
        rank = next((at for at, entry_id in enumerate(ids, 1) if entry_id in query.gold), 0)
        best = float(ranked.probabilities[0]) if len(ids) else 0.0
        judged.append(Judged(query, finding, rank, best))
    return judged


def _times(finder: Finder, texts: Sequence[str], judged: Sequence[Judged]) -> dict[str, float | None]:
    encode_ms = []
    for text in texts[:_TIMED]:
        began = time.perf_counter()
        finder.base.encoder.encode([text])
        encode_ms.append(1000 * (time.perf_counter() - began))
    search_ms = [one.finding.took_ms for one in judged]
    return {
        "encode_ms_p50": _quantile(encode_ms, 0.5),
        "search_ms_p50": _quantile(search_ms, 0.5),
        "search_ms_p99": _quantile(search_ms, 0.99),
    }


def _mean(values: Any) -> float | None:
    return round(float(np.mean(values)), 4) if len(values) else None


def _quantile(values: Sequence[float], share: float) -> float | None:
    return round(float(np.quantile(values, share)), 3) if len(values) else None


def _auc(inside: Sequence[float], outside: Sequence[float]) -> float | None:
    """Probability that a question of the base is scored above one from outside; ties count half."""
    if not len(inside) or not len(outside):
        return None
    ordered = np.sort(np.array(outside))
    below = np.searchsorted(ordered, inside, side="left")
    not_above = np.searchsorted(ordered, inside, side="right")
    return round(float((below + not_above).mean() / 2 / len(ordered)), 4)


#: Rows and columns of the confusion.
TRUTHS = ("right entry first", "right entry not first", "not in the base")
DECISIONS = (Outcome.ANSWER, Outcome.CLARIFY, Outcome.MISS)


def confusion(evaluation: Evaluation) -> NDArray[np.int64]:
    """How many questions of each of TRUTHS met each of DECISIONS, [3, 3]."""
    counts = np.zeros((len(TRUTHS), len(DECISIONS)), np.int64)
    for judged in (*evaluation.in_scope, *evaluation.out_of_scope):
        truth = 2 if not judged.query.gold else 0 if judged.rank == 1 else 1
        counts[truth, DECISIONS.index(judged.finding.outcome)] += 1
    return counts


def plot(evaluation: Evaluation, path: Path) -> None:
    """Draw reliability, risk against coverage, the verdicts and the confusion as a picture; needs matplotlib."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, ((left, middle), (right, last)) = plt.subplots(2, 2, figsize=(11, 9))
    rows = [*evaluation.in_scope, *evaluation.out_of_scope]
    sure = np.array([row.probability for row in rows])
    correct = np.array([row.rank == 1 and bool(row.query.gold) for row in rows])
    edges = np.linspace(0, 1, 11)
    which = np.clip(np.digitize(sure, edges) - 1, 0, 9)
    filled = [b for b in range(10) if (which == b).any()]
    left.plot([0, 1], [0, 1], "--", color="grey")
    left.plot([sure[which == b].mean() for b in filled], [correct[which == b].mean() for b in filled], "o-")
    left.set(xlabel="probability of the best entry", ylabel="share right", title="Reliability")

    order = np.argsort(-sure)
    coverage = np.arange(1, len(rows) + 1) / max(1, len(rows))
    risk = 1 - np.cumsum(correct[order]) / np.arange(1, len(rows) + 1)
    middle.plot(coverage, risk)
    middle.set(xlabel="coverage (share answered)", ylabel="risk (share wrong)", title="Risk and coverage")

    report = evaluation.report
    verdicts = ["answered_right", "clarified_right", "missed", "clarified_wrong", "answered_wrong"]
    right.barh(verdicts[::-1], [report[name] or 0 for name in verdicts[::-1]])
    outside = ["oos_answered", "oos_clarified", "oos_missed"]
    right.barh(outside, [report[name] or 0 for name in outside], color="tab:orange")
    right.set(xlim=(0, 1), title="Verdicts (orange: out of scope)")

    counts = confusion(evaluation)
    last.imshow(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    last.set_xticks(range(len(DECISIONS)), [decision.value for decision in DECISIONS])
    last.set_yticks(range(len(TRUTHS)), TRUTHS)
    for (row, column), count in np.ndenumerate(counts):
        dark = count > 0.5 * counts[row].sum()
        last.text(column, row, str(count), ha="center", va="center", color="white" if dark else "black")
    last.set(title="What was there, what was done (questions)")
    figure.suptitle(f"{report['n']} questions, {report['oos_n']} out of scope, {report['entries']} entries")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
