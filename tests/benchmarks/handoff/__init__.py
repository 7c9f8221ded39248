"""The handoff engine at work, each figure beside its floor or its limit. Takes ten minutes, most of it to fill lines.

Each part has a Redis of its own, with an append-only file as in production.
"""

from __future__ import annotations

from tests.benchmarks.handoff import archive, claims, fanout, lines, messages, waits
from tests.benchmarks.table import Table


def run() -> list[Table]:
    """Measure everything."""
    return [table for part in (messages, claims, lines, fanout, archive, waits) for table in part.run()]
