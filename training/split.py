"""Dividing questions, never sentences, between training and measuring, and the retrieval measure over the rest."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from training.corpora import Question

#: Left out of training altogether while a recipe is being chosen.
UNSEEN_DOMAIN = "hospital"
#: One question in so many of the seen domains is left out.
HELD_OUT_ONE_IN = 7
#: Paraphrases beside the canonical wording that a base would list as variants.
VARIANTS = 2

Encode = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True)
class Split:
    train: tuple[Question, ...]
    seen_domains: tuple[Question, ...]
    unseen_domain: tuple[Question, ...]


def split_questions(questions: Sequence[Question]) -> Split:
    """Deterministic: by the checksum of the canonical wording."""
    train, seen, unseen = [], [], []
    for question in questions:
        if question.domain == UNSEEN_DOMAIN:
            unseen.append(question)
        elif zlib.crc32(question.canonical.encode()) % HELD_OUT_ONE_IN == 0:
            seen.append(question)
        else:
            train.append(question)
    return Split(tuple(train), tuple(seen), tuple(unseen))


def bigrams(text: str) -> frozenset[str]:
    return frozenset(text[i : i + 2] for i in range(len(text) - 1)) or frozenset({text})


def hard_queries(question: Question, share: float = 0.5) -> list[str]:
    """The `share` of the paraphrases beyond the variants that overlap least with what the base would list."""
    listed = [bigrams(w) for w in question.wordings[: 1 + VARIANTS]]

    def overlap(text: str) -> float:
        grams = bigrams(text)
        return max(len(grams & known) / len(grams | known) for known in listed)

    rest = sorted(question.paraphrases[VARIANTS:], key=overlap)
    return rest[: max(1, round(len(rest) * share))]


def retrieval(encode: Encode, base: Sequence[Question], asked: Sequence[Question]) -> dict[str, float]:
    """hit@1, hit@3 and the number of hard queries of `asked` put to a base of `base` (which holds them too)."""
    listed, owner = [], []
    for number, question in enumerate(base):
        for text in question.wordings[: 1 + VARIANTS]:
            listed.append(text)
            owner.append(number)
    number_of = {q.canonical: i for i, q in enumerate(base)}
    queries = [(text, number_of[q.canonical]) for q in asked for text in hard_queries(q)]
    scores = encode([text for text, _ in queries]) @ encode(listed).T
    entry = np.full((len(queries), len(base)), -np.inf, dtype=np.float32)
    np.maximum.at(entry.T, np.asarray(owner), scores.T)
    gold = entry[np.arange(len(queries)), [g for _, g in queries]]
    rank = (entry > gold[:, None]).sum(axis=1)
    return {
        "hit@1": round(float((rank < 1).mean()), 4),
        "hit@3": round(float((rank < 3).mean()), 4),
        "queries": len(queries),
    }


def by_domain(encode: Encode, questions: Sequence[Question], asked: Sequence[Question]) -> dict[str, float]:
    """`retrieval` with each domain's questions as its own base, weighted by queries."""
    total = {"hit@1": 0.0, "hit@3": 0.0}
    queries = 0
    for domain in sorted({q.domain for q in asked}):
        part = retrieval(encode, [q for q in questions if q.domain == domain], [q for q in asked if q.domain == domain])
        queries += int(part["queries"])
        for key in total:
            total[key] += part[key] * part["queries"]
    return {key: round(value / max(queries, 1), 4) for key, value in total.items()} | {"queries": queries}
