"""The base that follows its files: always a whole version, always the last good one.

A reader takes `finder` once for a question and keeps it to the end; a swap replaces the reference and touches nothing
else. Files with an error are not taken over: what was served stays, and `problems` says what to mend. Every process
that reads the same files arrives at the same version id.

An edit is served as soon as what it changed is prepared. What takes time in proportion to the base, gathering edits
into one segment and writing the index to disk, is done by a thread of its own afterwards (`settle` waits for it).
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date
from pathlib import Path

from watchfiles import awatch

from knowledge_base.artefact import ArtefactMismatchError, open_preparation, save
from knowledge_base.encoder import Encoder
from knowledge_base.entry import FaqEntry
from knowledge_base.files import YAML_SUFFIXES, Loaded, Reader
from knowledge_base.finder import Finder
from knowledge_base.fusion import Calibration
from knowledge_base.journal import finish
from knowledge_base.preparation import Preparation
from knowledge_base.problems import Problem
from knowledge_base.segment import Progress
from knowledge_base.vectors import EmbeddingCache

log = logging.getLogger(__name__)
_DEBOUNCE_MS = 150  # editors write in bursts (temporary file, rename, attributes)
_STEP_MS = 50


class LiveBase:
    """Serves the base at `path` and takes over good edits. `cache_folder` keeps embeddings between starts."""

    def __init__(
        self,
        path: Path,
        encoder: Encoder,
        *,
        cache_folder: Path | None = None,
        calibration: Calibration | None = None,
        today: Callable[[], date] = date.today,
    ) -> None:
        """Load and index at once; entries with an error are left out of this first version and told in `problems`."""
        self.path = Path(path)
        self._encoder = encoder
        self._cache = EmbeddingCache(cache_folder) if cache_folder else None
        self._calibration = calibration
        self._today = today
        self._reader = Reader(self.path)
        self._reloading = threading.Lock()
        self._artefact = cache_folder / "index" if cache_folder else None
        self._prepared = self._kept_preparation()
        self._kept = self._prepared.segments[0] if self._prepared is not None else None
        self._housekeeper: threading.Thread | None = None
        finish(self.path)
        self._loaded = self._reader.load()
        self._latest = self._loaded
        self._finder = self._build(self._loaded)
        log.info(
            "faq version %s serves %d entries; %s", self.version, len(self._finder.entries), self._finder.base.index
        )
        self._keep()

    @property
    def finder(self) -> Finder:
        """The version that serves now. Take it once for a question."""
        return self._finder

    @property
    def version(self) -> str:
        """Id of the version that serves; equal files, encoder and calibration give equal ids."""
        return self._finder.version

    @property
    def loaded(self) -> Loaded:
        """What the files gave for the version that serves."""
        return self._loaded

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong in the files as they stand now, served or not."""
        return self._latest.problems

    @property
    def stale(self) -> bool:
        """Whether the files hold an error that keeps them from being served."""
        return self._latest is not self._loaded

    @property
    def encoded(self) -> int:
        """How many texts had to be encoded since this base was made; 0 without a cache folder, where nobody counts."""
        return self._cache.encoded if self._cache else 0

    def draft(self, entries: Sequence[FaqEntry], progress: Progress | None = None) -> Finder:
        """A base of other entries, built as this one is: the one that would serve if the files said so.

        `progress` hears how many of the entries that are new are prepared; without it the log does.
        """
        held, told = self._prepared, progress or _Told()
        return Finder.build(entries, self._encoder, self._calibration, self._cache, self._today, held, told)

    def reload(self) -> bool:
        """Read the files again and swap if they changed and hold no error. Returns whether a new version serves.

        Blocking (call it in a thread from async code); calls from several threads follow one another.
        """
        with self._reloading:
            finish(self.path)
            latest = self._reader.load()
            self._latest = latest
            if not latest.ok or not latest.entries:
                count = sum(problem.severity == "error" for problem in latest.problems)
                log.warning("faq files hold %d errors; version %s stays", count, self.version)
                return False
            if latest.digest == self._loaded.digest:
                self._loaded = latest
                return False
            self._finder, self._loaded = self._build(latest), latest
            log.info("faq version %s serves %d entries", self.version, len(self._finder.entries))
            if self._housekeeper is None:
                self._housekeeper = threading.Thread(target=self._keep_house, name="faq housekeeping", daemon=True)
                self._housekeeper.start()
            return True

    def settle(self) -> None:
        """Wait until edits are gathered and the index is written. What is found and the version do not change."""
        while (running := self._housekeeper) is not None:
            running.join()

    async def watch(self, stop: asyncio.Event | None = None) -> AsyncIterator[bool]:
        """Follow the files until `stop` is set; after each change yields whether a new version serves."""
        root = self.path if self.path.is_dir() else self.path.parent
        changes = awatch(
            root, watch_filter=self._concerns, debounce=_DEBOUNCE_MS, step=_STEP_MS, stop_event=stop, rust_timeout=1000
        )
        async for _ in changes:
            try:
                yield await asyncio.to_thread(self.reload)
            except Exception:  # whatever an edit brings about, the last good version goes on serving
                log.exception("faq reload failed; version %s stays", self.version)
                yield False

    def _concerns(self, _: object, changed: str) -> bool:
        if self.path.is_dir():
            return changed.endswith(YAML_SUFFIXES)
        return Path(changed).name == self.path.name

    def _kept_preparation(self) -> Preparation | None:
        """What an earlier start prepared, if it fits; whatever it lacks is prepared again."""
        if self._artefact is None or not self._artefact.exists():
            return None
        try:
            return open_preparation(self._artefact, self._encoder)
        except ArtefactMismatchError as error:
            log.info("%s", error)
            return None

    def _keep_house(self) -> None:
        """Gather and write until there is nothing left to do; a failure costs the next start time, nothing else."""
        while True:
            try:
                while self._gather() or self._keep():
                    pass
            except Exception:
                log.exception("faq housekeeping failed; version %s serves on", self.version)
                self._housekeeper = None
                return
            with self._reloading:
                held = self._finder.base.preparation
                if not held.scattered and (self._artefact is None or held.segments[0] is self._kept):
                    self._housekeeper = None
                    return

    def _gather(self) -> bool:
        """Put all entries into one segment if much was edited; returns whether it did."""
        held = self._finder.base.preparation
        if not held.scattered:
            return False
        gathered = held.gathered()
        with self._reloading:
            # What was edited meanwhile stands in the segments beside the large one.
            now = self._finder.base.preparation
            self._prepared = gathered.beside(now)
            self._finder = self._build(self._loaded)
        log.info("faq edits gathered; %s", self._finder.base.index)
        return True

    def _keep(self) -> bool:
        """Write the large segment if it is not yet written; returns whether it did."""
        held = self._finder.base.preparation
        if self._artefact is None or not held.segments or held.segments[0] is self._kept:
            return False
        self._kept = held.segments[0]
        try:
            save(self._artefact, held, self._encoder)
        except OSError as error:  # full or read-only disk: the next start prepares again
            log.warning("index not kept: %s", error)
        return True

    def _build(self, loaded: Loaded) -> Finder:
        finder = self.draft(loaded.entries)
        self._prepared = finder.base.preparation
        return finder


class _Told:
    """Says in the log how far a long preparation has come, every few seconds."""

    EVERY_S = 5.0

    def __init__(self) -> None:
        self._next = time.monotonic() + self.EVERY_S

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() >= self._next:
            log.info("prepared %d of %d entries", done, total)
            self._next = time.monotonic() + self.EVERY_S
