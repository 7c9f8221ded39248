"""The figures that a recipe is chosen by: hard queries of held-out questions, whole bases, and sentence pairs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from knowledge_base.files import load
from knowledge_base.queries import read_queries
from language.normalise import normalise
from training import corpora
from training.corpora import Question
from training.split import Encode, Split, by_domain, retrieval

#: Hand-written bases with their queries; no sentence of theirs is in the training data.
DEV = Path(__file__).parents[1] / "data" / "dev"


def measure(encode: Encode, questions: Sequence[Question], split: Split, data: Path) -> dict[str, object]:
    """Every figure of `encode` (texts to unit vectors), dense alone."""
    found: dict[str, object] = {
        "seen_domains_own_base": by_domain(encode, questions, split.seen_domains),
        "seen_domains_whole_base": retrieval(encode, questions, split.seen_domains),
        "unseen_domain_own_base": by_domain(encode, questions, split.unseen_domain),
        "unseen_domain_whole_base": retrieval(encode, questions, split.unseen_domain),
    }
    for base in sorted(DEV.glob("kb_*.jsonl")):
        found[base.stem] = base_hits(encode, base, base.with_name(base.name.replace("kb_", "queries_")))
    for name in ("lcqmc", "bq"):
        path = data / "evaluate_only" / f"pairs_{name}_dev.tsv"
        if path.exists():
            found[f"pairs_{name}_dev_spearman"] = correlation(encode, path)
    return found


def base_hits(encode: Encode, base: Path, queries: Path) -> dict[str, float]:
    """hit@1 and hit@3 of the queries of one base by the largest cosine over an entry's wordings."""
    entries = load(base).entries
    asked = read_queries(queries)
    wordings = [normalise(text) for entry in entries for text in entry.wordings]
    owner = np.array([row for row, entry in enumerate(entries) for _ in entry.wordings])
    cosines = encode([normalise(query.text) for query in asked]) @ encode(wordings).T
    best = np.full((len(asked), len(entries)), -np.inf, np.float32)
    np.maximum.at(best.T, owner, cosines.T)
    ids = [entry.id for entry in entries]
    ranked = [[ids[row] for row in order[:3]] for order in np.argsort(-best, axis=1)]
    hits = [(top[0] in query.gold, any(one in query.gold for one in top)) for query, top in zip(asked, ranked)]
    first, third = np.mean(hits, axis=0)
    return {"hit@1": round(float(first), 4), "hit@3": round(float(third), 4)}


def correlation(encode: Encode, pairs: Path) -> float:
    """Spearman's rank correlation x100 of cosine and label over the pairs of a file."""
    from scipy.stats import spearmanr

    rows = list(corpora.table(pairs))
    left = encode([normalise(row["text1"]) for row in rows])
    right = encode([normalise(row["text2"]) for row in rows])
    return round(100 * float(spearmanr((left * right).sum(axis=1), [int(row["label"]) for row in rows])[0]), 1)
