"""What customers ask and the base does not answer: questions gathered into topics, ranked by what they cost.

A topic is named by its most central question, not by a made-up label, and carries the reply that people gave most often
in their own words, so that an editor starts from a draft and not from an empty page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from knowledge_base.columns import stable_id
from knowledge_base.encoder import Encoder
from knowledge_base.entry import FaqEntry, Status
from knowledge_base.text_index import TextIndex
from language.normalise import normalise

#: Cosine from which two questions are taken to be about the same thing.
SAME_TOPIC = 0.72
_NEIGHBOURS = 30
_MOST_VARIANTS = 6


@dataclass(frozen=True)
class Unanswered:
    """One question that was missed, marked 没用, clarified in vain, or answered by a person.

    `handed_over`: it ended with an agent; `agent_seconds`: what that cost; `reply`: what the agent wrote.
    """

    text: str
    handed_over: bool = False
    agent_seconds: float = 0.0
    reply: str = ""


@dataclass(frozen=True)
class Gap:
    """A topic without an entry. `impact` is asks x (1 + handoffs) x (1 + agent minutes): it orders, no more."""

    question: str
    wordings: tuple[str, ...]
    asks: int
    handoffs: int
    agent_minutes: float
    reply: str

    @property
    def impact(self) -> float:
        """How much an answer would save, for ranking."""
        return self.asks * (1 + self.handoffs) * (1 + self.agent_minutes)

    def draft(self) -> FaqEntry:
        """A draft entry for an editor to finish."""
        variants = tuple(wording for wording in self.wordings if wording != self.question)[:_MOST_VARIANTS]
        answer = self.reply or "（请补上答案）"
        return FaqEntry(stable_id(self.question), self.question, answer, variants, status=Status.DRAFT)


def find_gaps(asked: Sequence[Unanswered], encoder: Encoder, *, least_asks: int = 1) -> list[Gap]:
    """Gather `asked` into topics of at least `least_asks` questions, the costliest first.

    Wordings within `SAME_TOPIC` of a topic's centre belong to it; the busiest neighbourhoods become topics first, so a
    chain of lookalikes does not grow into one topic.
    """
    by_wording: dict[str, list[Unanswered]] = {}
    for one in asked:
        key = normalise(one.text)
        if any(c.isalnum() for c in key):
            by_wording.setdefault(key, []).append(one)
    wordings = list(by_wording)
    if not wordings:
        return []
    vectors = encoder.encode(wordings)
    index = TextIndex(vectors)
    cosines, nearest = index.nearest(vectors, min(_NEIGHBOURS, len(wordings)))
    counts = np.array([len(by_wording[wording]) for wording in wordings])
    near = [row[(cosine >= SAME_TOPIC) & (row >= 0)] for cosine, row in zip(cosines, nearest)]
    crowd = np.array([counts[rows].sum() for rows in near])
    topic_of = np.full(len(wordings), -1)
    gaps = []
    for centre in np.argsort(-crowd, kind="stable"):
        if topic_of[centre] >= 0:
            continue
        rows = np.union1d([centre], near[centre])
        rows = rows[topic_of[rows] < 0].astype(np.int64)
        topic_of[rows] = centre
        if counts[rows].sum() >= least_asks:
            gaps.append(_gap([by_wording[wordings[row]] for row in rows], vectors[rows], counts[rows]))
    return sorted(gaps, key=lambda gap: (-gap.impact, gap.question))


def _gap(groups: Sequence[Sequence[Unanswered]], vectors: np.ndarray, counts: np.ndarray) -> Gap:
    middle = (vectors * counts[:, None]).sum(axis=0)
    order = np.argsort(-(vectors @ middle), kind="stable")
    everyone = [one for group in groups for one in group]
    replies = Counter(one.reply.strip() for one in everyone if one.reply.strip())
    return Gap(
        question=groups[order[0]][0].text.strip(),
        wordings=tuple(groups[row][0].text.strip() for row in order),
        asks=len(everyone),
        handoffs=sum(one.handed_over for one in everyone),
        agent_minutes=round(sum(one.agent_seconds for one in everyone) / 60, 1),
        reply=replies.most_common(1)[0][0] if replies else "",
    )
