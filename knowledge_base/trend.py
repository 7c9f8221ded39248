"""Whether a gap closes once its entry is published: how often its topic was asked each week, and how often in vain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contracts.answer import Outcome
from knowledge_base.asked import Asked
from knowledge_base.encoder import Encoder
from knowledge_base.gaps import SAME_TOPIC
from knowledge_base.workbook import Topic
from language.normalise import normalise

WEEK_MS = 7 * 86_400_000
#: 1970 began on a Thursday; weeks begin on Mondays (UTC).
_TO_MONDAY_MS = 3 * 86_400_000


@dataclass(frozen=True)
class Week:
    """One week from `from_ms`: questions of the topic, and those of them that got no answer then."""

    from_ms: int
    asked: int
    unanswered: int


@dataclass(frozen=True)
class Trend:
    """A topic by weeks, the earliest first. `closed`: asked since the publication, and always answered."""

    entry_id: str
    question: str
    published_ms: int
    weeks: tuple[Week, ...]
    asked_since: int = 0
    unanswered_since: int = 0

    @property
    def closed(self) -> bool | None:
        """None while it is not published, or nobody has asked since."""
        return None if not self.published_ms or not self.asked_since else not self.unanswered_since


def trends(topics: Sequence[Topic], asked: Sequence[tuple[int, Asked]], encoder: Encoder) -> list[Trend]:
    """One trend a topic. `asked` are questions with when they were asked (UTC ms).

    A question belongs to the topic that it is nearest to, from the cosine on at which gaps gather questions.
    """
    if not topics:
        return []
    wordings = [(at, text) for at, topic in enumerate(topics) for text in {topic.question, *topic.wordings}]
    owners = np.array([at for at, _ in wordings])
    known = encoder.encode([text for _, text in wordings])
    texts = list({normalise(one.text): None for _, one in asked})
    vectors = encoder.encode(texts)
    cosines = vectors @ known.T if len(texts) else np.zeros((0, len(wordings)), np.float32)
    nearest = {text: int(owners[row.argmax()]) for text, row in zip(texts, cosines) if float(row.max()) >= SAME_TOPIC}
    found = []
    for at, topic in enumerate(topics):
        mine = [(ms, one) for ms, one in asked if nearest.get(normalise(one.text)) == at]
        since = [one for ms, one in mine if topic.published_ms and ms >= topic.published_ms]
        found.append(
            Trend(
                topic.entry_id,
                topic.question,
                topic.published_ms,
                _weeks(mine, [ms for ms, _ in asked]),
                len(since),
                sum(map(in_vain, since)),
            )
        )
    return found


def in_vain(one: Asked) -> bool:
    """Whether a question got no answer that helped, as far as is known."""
    if one.useful is False or one.outcome is Outcome.MISS:
        return True
    return (one.outcome is Outcome.CLARIFY and not one.chosen) or (one.handed_over and bool(one.reply))


def _weeks(mine: Sequence[tuple[int, Asked]], everything: Sequence[int]) -> tuple[Week, ...]:
    if not mine:
        return ()
    weeks = []
    for week in range(_week(min(everything)), _week(max(everything)) + 1):
        within = [one for ms, one in mine if _week(ms) == week]
        weeks.append(Week(week * WEEK_MS - _TO_MONDAY_MS, len(within), sum(map(in_vain, within))))
    return tuple(weeks)


def _week(at_ms: int) -> int:
    return (at_ms + _TO_MONDAY_MS) // WEEK_MS
