"""Upkeep: what nobody asks for must still happen. Run it in every process; the work is shared, not doubled."""

from __future__ import annotations

import asyncio
import logging

from handoff.desk import Desk
from handoff.errors import DeskError

log = logging.getLogger(__name__)
SWEEP_SECONDS = 1.0


async def sweep_forever(desk: Desk, *, every_seconds: float = SWEEP_SECONDS) -> None:
    """Sweep until cancelled; a store that does not answer is waited for."""
    while True:
        try:
            await desk.sweep()
        except DeskError as error:
            log.warning("sweep: %s", error)
        await asyncio.sleep(every_seconds)
