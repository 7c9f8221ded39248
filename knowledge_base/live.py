"""The base that follows its files: always a whole version, always the last good one.

A reader takes `finder` once for a question and keeps it to the end; a swap replaces the reference and touches nothing
else. Files with an error are not taken over: what was served stays, and `problems` says what to mend. Every process
that reads the same files arrives at the same version id.
"""

from __future__ import annotations

import asyncio
import logging
import threading
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
        finish(self.path)
        self._loaded = self._reader.load()
        self._latest = self._loaded
        self._finder = self._build(self._loaded)
        self._keep(self._finder, self._loaded)

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

    def draft(self, entries: Sequence[FaqEntry]) -> Finder:
        """A base of other entries, built as this one is: the one that would serve if the files said so."""
        return Finder.build(entries, self._encoder, self._calibration, self._cache, self._today, self._prepared)

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
            finder = self._build(latest)
            self._loaded, self._finder = latest, finder
            self._keep(finder, latest)
            log.info("faq version %s serves %d entries", finder.version, len(finder.entries))
            return True

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

    def _keep(self, finder: Finder, loaded: Loaded) -> None:
        self._prepared = finder.base.preparation
        if self._artefact is not None:
            try:
                save(self._artefact, self._prepared, self._encoder)
            except OSError as error:  # full or read-only disk: the next start prepares again
                log.warning("index not kept: %s", error)

    def _build(self, loaded: Loaded) -> Finder:
        return self.draft(loaded.entries)
