"""How this installation's archive is opened: by the archiver, which writes it, and by the pages that read it."""

from __future__ import annotations

from gateway.settings import Settings
from handoff.archive import Archive, archive_url
from language.normalise import normalise


def open_archive(settings: Settings) -> Archive:
    """The archive, searched by the spelling that the knowledge base is searched by. Raises ArchiveError."""
    url = settings.archive_url or archive_url(settings.data)
    return Archive(url, tenant=settings.tenant, fold=normalise)
