"""What entries cost to prepare, kept apart from the base so that the next version, or the next start, pays only for
what changed.

The segments of a preparation are a large one and, where entries were edited since it was made, a small one beside it.
Entries that are gone stay in the large segment and are passed over. `Preparation.gathered` makes one segment of all:
that costs time in proportion to the base, and changes nothing of what is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge_base.encoder import Encoder
from knowledge_base.entry import FaqEntry
from knowledge_base.ragged import Ints
from knowledge_base.segment import Progress, Segment, Terms, merged, prepared
from knowledge_base.vectors import EmbeddingCache

#: A base up to this many entries is kept in one segment: putting it together again takes some hundredths of a second.
ONE_SEGMENT = 2_000
#: So many entries beside the large segment, or gone from it, make it worth while to gather everything again.
SCATTERED = 500


@dataclass(frozen=True)
class Preparation:
    """Segments of prepared entries, for one encoder."""

    encoder_digest: str
    terms: Terms
    segments: tuple[Segment, ...]
    places: tuple[Ints, ...]  # for each segment, the row in the base of each of its entries, -1 where it is gone

    @property
    def gone(self) -> list[Ints]:
        """Rows of each segment that the base does not hold any more."""
        return [np.flatnonzero(place < 0) for place in self.places]

    @property
    def scattered(self) -> bool:
        """Whether so much was edited that `gathered` is worth its time."""
        beside = sum(len(segment) for segment in self.segments[1:])
        return beside + sum(len(rows) for rows in self.gone) > SCATTERED

    def gathered(self) -> Preparation:
        """All entries that the base holds in one segment."""
        rows = [np.flatnonzero(place >= 0) for place in self.places]
        whole = merged(list(zip(self.segments, rows)), self.terms)
        place = np.concatenate([place[kept] for place, kept in zip(self.places, rows)])
        return Preparation(self.encoder_digest, self.terms, (whole,), (place,))

    def beside(self, later: Preparation) -> Preparation:
        """This one's segment with what stands beside the large one in a `later` version: what that can start from."""
        segments = (*self.segments[:1], *later.segments[1:])
        return Preparation(self.encoder_digest, self.terms, segments, tuple(np.arange(len(one)) for one in segments))


def prepare(
    entries: Sequence[FaqEntry],
    encoder: Encoder,
    cache: EmbeddingCache | None = None,
    previous: Preparation | None = None,
    progress: Progress | None = None,
) -> Preparation:
    """Prepare `entries`, taking over what `previous` holds of them."""
    if previous is None or previous.encoder_digest != encoder.digest:
        previous = Preparation(encoder.digest, Terms.none(encoder), (), ())
    terms = previous.terms
    held, fresh = _held(entries, previous.segments)
    if not len(fresh) and all((place >= 0).all() for place in held):
        return Preparation(encoder.digest, terms, previous.segments, tuple(held))
    new = prepared([entries[row] for row in fresh.tolist()], encoder, terms, cache, progress)
    parts = [*zip(previous.segments, held), (new, fresh)]
    # What stands beside the large segment is small, and one segment is searched faster than two.
    apart = 1 if previous.segments and len(previous.segments[0]) > max(ONE_SEGMENT, len(fresh)) else 0
    segments, places = [segment for segment, _ in parts[:apart]], [place for _, place in parts[:apart]]
    rest = [(segment, place, np.flatnonzero(place >= 0)) for segment, place in parts[apart:]]
    filled = [one for one in rest if len(one[2])]
    if len(filled) == 1 and len(filled[0][2]) == len(filled[0][0]):
        segments.append(filled[0][0])
        places.append(filled[0][1])
    elif filled:
        segments.append(merged([(segment, rows) for segment, _, rows in filled], terms))
        places.append(np.concatenate([place[rows] for _, place, rows in filled]))
    return Preparation(encoder.digest, terms, tuple(segments), tuple(places))


def _held(entries: Sequence[FaqEntry], segments: Sequence[Segment]) -> tuple[list[Ints], NDArray[np.int64]]:
    """The row in the base of each segment's entries (-1: gone), and rows of the entries that no segment holds."""
    places = [np.full(len(segment), -1, np.int64) for segment in segments]
    fresh = []
    for row, entry in enumerate(entries):
        for segment, place in zip(segments, places):
            at = segment.rows.get(entry.digest)
            if at is not None and place[at] < 0:
                place[at] = row
                break
        else:
            fresh.append(row)
    return places, np.array(fresh, np.int64)
