"""How this installation's archive is opened: by the archiver, which writes it, and by the pages that read it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from gateway.errors import Unavailable
from gateway.settings import Settings
from handoff.archive import Archive, ArchiveError, archive_url
from language.normalise import normalise


def open_archive(settings: Settings) -> Archive:
    """The archive, searched by the spelling that the knowledge base is searched by. Raises ArchiveError."""
    url = settings.archive_url or archive_url(settings.data)
    return Archive(url, tenant=settings.tenant, fold=normalise)


class Shelved:
    """The archive for pages that read it; opened when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._archive: Archive | None = None

    @contextlib.contextmanager
    def reading(self) -> Iterator[Archive | None]:
        """The archive, or None where nothing was archived yet. Raises Unavailable."""
        try:
            if self._archive is None:
                self._archive = open_archive(self._settings)
            yield None if self._archive.database.missing else self._archive
        except ArchiveError as error:
            raise Unavailable("归档暂时读不了，请稍后再试。") from error
