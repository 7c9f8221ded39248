"""Moves what has changed from the outbox into the archive, each change exactly once, whatever dies in between.

A batch is written in one transaction together with the position, and settled in the outbox after that. Whoever dies
before the commit has changed nothing; whoever dies after it leaves a batch that is taken again, and taking it again
changes nothing (see `tables`). While the database is locked, full or away, the outbox keeps everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence

from handoff.archive.database import ArchiveError, ArchiveUnavailable
from handoff.archive.store import Archive
from handoff.errors import BackendUnavailable
from handoff.ports import Outbox

log = logging.getLogger("jiehua.archiver")

BATCH = 200
WAIT_MS = 1000
PAUSES_S = (0.2, 1.0, 5.0, 15.0)
# A transaction costs a flush of the disk whether it holds one change or two hundred; so more may gather first.
LINGER_S = 0.25


class Archiver:
    """Works until `stop` is called.

    `batch` is the most parcels of one transaction; `pauses_s` are waits after errors, `linger_s` is the wait after a
    batch that was not full.
    """

    def __init__(
        self,
        outbox: Outbox,
        archive: Archive,
        *,
        batch: int = BATCH,
        pauses_s: Sequence[float] = PAUSES_S,
        linger_s: float = LINGER_S,
    ) -> None:
        self._outbox = outbox
        self._archive = archive
        self._batch = batch
        self._pauses_s = pauses_s
        self._linger_s = linger_s
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Take nothing more; `run` returns when the batch in hand is written, within a second if there is none."""
        self._stopping.set()

    async def run(self) -> None:
        """Prepare the archive, then move batch after batch; what fails is logged and tried again for ever."""
        failures, prepared = 0, False
        while not self._stopping.is_set():
            if _is_cancelled():
                raise asyncio.CancelledError
            try:
                if not prepared:
                    await asyncio.to_thread(self._archive.prepare)
                    prepared = True
                moved = await self.step()
            except (ArchiveUnavailable, BackendUnavailable) as error:
                log.warning("nothing is lost, will try again: %s", error)
            except ArchiveError as error:
                log.error("nothing is lost, but somebody has to look: %s", error)
            except (
                ValueError,
                LookupError,
            ) as error:  # a parcel of a newer version; it waits until this one is updated too
                log.error("nothing is lost, but somebody has to look: %s", type(error).__name__)
            else:
                if failures:
                    log.info("going on")
                failures = 0
                if 0 < moved < self._batch:
                    await self._pause(self._linger_s)
                continue
            await self._pause(self._pauses_s[min(failures, len(self._pauses_s) - 1)])
            failures += 1

    async def step(self) -> int:
        """Move one batch; returns how many parcels it had (0: there were none for a second).

        Raises BackendUnavailable or ArchiveError; then nothing of the batch is lost, and the next step takes it again.
        """
        parcels = await self._outbox.take(self._batch, wait_ms=WAIT_MS)
        if parcels:
            await asyncio.to_thread(self._archive.apply, parcels)
            await self._outbox.settle(parcels)
        return len(parcels)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)


def _is_cancelled() -> bool:
    """Whether this task was told to end: a library in between may have swallowed the cancellation itself."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
