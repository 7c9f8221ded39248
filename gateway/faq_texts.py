"""The answers of the FAQ, for agents: a brief suggests entries, and the agent wants to send one as it stands."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

from knowledge_base.files import Reader

log = logging.getLogger("jiehua.gateway")


class FaqTexts:
    """Entry ids to answer texts, read from the editors' files again when they may have changed."""

    STALE_S = 5.0

    def __init__(self, path: Path) -> None:
        self._reader = Reader(path)
        self._texts: dict[str, str] = {}
        self._read_at = time.monotonic() - self.STALE_S
        self._reading = asyncio.Lock()

    async def of(self, entry_ids: list[str]) -> dict[str, str]:
        """The answers (Markdown) of these entries; unknown ones are left out."""
        async with self._reading:
            if time.monotonic() - self._read_at >= self.STALE_S:
                self._read_at = time.monotonic()
                loaded = await asyncio.to_thread(self._reader.load)
                # Nothing readable: an editor is at work or the folder is away; what was known still helps.
                if loaded.entries:
                    self._texts = {entry.id: entry.answer for entry in loaded.entries}
                elif not self._texts:
                    log.warning("no FAQ entries to suggest answers from")
        return {entry_id: self._texts[entry_id] for entry_id in entry_ids if entry_id in self._texts}
