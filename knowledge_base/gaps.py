"""What customers ask and the base does not answer: questions gathered into topics, ranked by what they cost.

A topic is named by its most central question, not by a made-up label, and carries the reply that people gave most often
in their own words, so that an editor starts from a draft and not from an empty page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import AgglomerativeClustering

from contracts.answer import Outcome
from knowledge_base.asked import Asked, AskedQuestions
from knowledge_base.columns import stable_id
from knowledge_base.encoder import Encoder, Vectors
from knowledge_base.entry import TO_BE_ANSWERED, FaqEntry, Status
from knowledge_base.finder import Finder
from knowledge_base.text_index import TextIndex
from language.normalise import normalise

#: Mean cosine down to which questions are gathered into one topic (measured: docs/subsystems/knowledge.md).
SAME_TOPIC = 0.5
#: Wordings that are compared each with each; rarer ones join the nearest topic. Bounds memory to some 100 MB.
_MOST_COMPARED = 3000
_MOST_VARIANTS = 6


class Why(str, Enum):
    """Why a question counts as unanswered."""

    MISSED = "missed"
    NONE_CHOSEN = "none_chosen"
    USELESS = "useless"
    BY_PERSON = "by_person"


@dataclass(frozen=True)
class Unanswered:
    """One question that was missed, marked 没用, clarified in vain, or answered by a person.

    `handed_over`: it ended with an agent; `agent_seconds`: what that cost; `reply`: what the agent wrote.
    """

    text: str
    handed_over: bool = False
    agent_seconds: float = 0.0
    reply: str = ""
    why: Why = Why.MISSED


@dataclass(frozen=True)
class Gap:
    """A topic without an entry, its most central question first among `wordings`.

    `whys` counts the reasons; `nearest` is the entry that comes closest, with its probability: perhaps all it lacks is
    these wordings. `impact` is asks x (1 + handoffs) x (1 + agent minutes): it orders, no more.
    """

    question: str
    wordings: tuple[str, ...]
    asks: int
    handoffs: int
    agent_minutes: float
    reply: str
    whys: dict[str, int] = field(default_factory=dict)
    nearest: str = ""
    nearest_probability: float = 0.0

    @property
    def impact(self) -> float:
        """How much an answer would save, for ranking."""
        return self.asks * (1 + self.handoffs) * (1 + self.agent_minutes)

    def draft(self) -> FaqEntry:
        """A draft entry for an editor to finish."""
        variants = tuple(wording for wording in self.wordings if wording != self.question)[:_MOST_VARIANTS]
        answer = self.reply or TO_BE_ANSWERED
        return FaqEntry(stable_id(self.question), self.question, answer, variants, status=Status.DRAFT)


def unanswered(questions: AskedQuestions, finder: Finder) -> tuple[list[Unanswered], int]:
    """Those of `questions` that the base leaves without an answer, and how many it left once and answers by now.

    A question without a known outcome is put to `finder`. A vote 没用 stands whatever the base says.
    """
    found, answered_since = [], 0
    now: dict[str, Outcome] = {}
    for one in questions:
        if one.text not in now:
            now[one.text] = finder.find(one.text).outcome
        why = _why(one, one.outcome or now[one.text])
        if why is None:
            continue
        if why is not Why.USELESS and now[one.text] is Outcome.ANSWER:
            answered_since += 1
            continue
        found.append(Unanswered(one.text, one.handed_over, one.agent_seconds, one.reply, why))
    return found, answered_since


def find_gaps(
    asked: Sequence[Unanswered], encoder: Encoder, *, least_asks: int = 1, finder: Finder | None = None
) -> list[Gap]:
    """Gather `asked` into topics of at least `least_asks` questions, the costliest first.

    Average linkage: a question joins a topic that it is near to as a whole, so a chain of lookalikes does not grow into
    one topic. With a `finder` each gap names the entry that comes nearest.
    """
    by_wording: dict[str, list[Unanswered]] = {}
    for one in asked:
        key = normalise(one.text)
        if any(c.isalnum() for c in key):
            by_wording.setdefault(key, []).append(one)
    wordings = sorted(by_wording, key=lambda wording: -len(by_wording[wording]))
    if not wordings:
        return []
    vectors = encoder.encode(wordings)
    counts = np.array([len(by_wording[wording]) for wording in wordings])
    topics = _topics(vectors)
    gaps = []
    for topic in range(int(topics.max()) + 1):
        rows = np.flatnonzero(topics == topic)
        if counts[rows].sum() >= least_asks:
            gaps.append(_gap([by_wording[wordings[row]] for row in rows], vectors[rows], counts[rows]))
    if finder is not None:
        gaps = [_placed(gap, finder) for gap in gaps]
    return sorted(gaps, key=lambda gap: (-gap.impact, gap.question))


def _why(one: Asked, outcome: Outcome) -> Why | None:
    if one.useful is False:
        return Why.USELESS
    if outcome is Outcome.MISS:
        return Why.MISSED
    if outcome is Outcome.CLARIFY and not one.chosen:
        return Why.NONE_CHOSEN
    return Why.BY_PERSON if one.handed_over and one.reply else None


def _topics(vectors: Vectors) -> NDArray[np.int64]:
    """The topic of each vector [n], numbered from 0."""
    compared = vectors[:_MOST_COMPARED]
    if len(compared) < 2:
        return np.zeros(len(vectors), np.int64)
    gather = AgglomerativeClustering(
        n_clusters=None, distance_threshold=1 - SAME_TOPIC, metric="precomputed", linkage="average"
    )
    distances = np.clip(1 - compared @ compared.T, 0, 2)
    topics: NDArray[np.int64] = np.asarray(gather.fit_predict(distances), np.int64)
    rest = vectors[_MOST_COMPARED:]
    if not len(rest):
        return topics
    many = int(topics.max()) + 1
    centres = np.zeros((many, vectors.shape[1]), np.float32)
    np.add.at(centres, topics, compared)
    centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12)
    cosines, nearest = TextIndex(centres).nearest(rest, 1)
    joined = cosines[:, 0] >= SAME_TOPIC
    alone = many + np.cumsum(~joined) - 1
    return np.concatenate([topics, np.where(joined, nearest[:, 0], alone)]).astype(np.int64)


def _gap(groups: Sequence[Sequence[Unanswered]], vectors: Vectors, counts: NDArray[np.int64]) -> Gap:
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
        whys=dict(Counter(one.why.value for one in everyone)),
    )


def _placed(gap: Gap, finder: Finder) -> Gap:
    candidates = finder.find(gap.question, k=1).candidates
    if not candidates:
        return gap
    return replace(gap, nearest=candidates[0].entry_id, nearest_probability=candidates[0].probability)
