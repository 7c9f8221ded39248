"""The archive: every conversation and case in SQL, for history, search and reports.

`archiver` moves changes from the outbox into the `store`; `tables` and `migrations/` say how they lie there,
`database` how it is reached, `grams` how Chinese is searched.
"""

from handoff.archive.archiver import Archiver
from handoff.archive.database import ArchiveError, ArchiveMismatch, ArchiveUnavailable, archive_url
from handoff.archive.store import Archive, Hit

__all__ = ["Archive", "ArchiveError", "ArchiveMismatch", "ArchiveUnavailable", "Archiver", "Hit", "archive_url"]
