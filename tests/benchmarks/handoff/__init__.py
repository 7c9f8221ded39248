"""The handoff engine at work, each figure beside its floor or its limit. Takes ten minutes, most of it to fill lines.

Each part has a Redis of its own, with an append-only file as in production.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.handoff import archive, claims, fanout, lines, messages, waits
from tests.benchmarks.table import Table


def run() -> Iterator[Table]:
    """Measure everything; each part's tables as soon as they are there."""
    for part in (messages, claims, lines, fanout, archive, waits):
        yield from part.run()
