"""How the archive's database is reached: SQLite or PostgreSQL, its transactions, and its migrations."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from contracts.codec import dumps

LOCK_SECONDS = 5.0  # how long SQLite waits for another writer
MIGRATIONS = "handoff.archive:migrations"


class ArchiveError(Exception):
    """The archive cannot be used: {why}.

    ArchiveError
    ├── ArchiveUnavailable   locked, full, not writable or not reachable: nothing was changed, try again later
    └── ArchiveMismatch      another tenant's archive, or one of a newer version: somebody has to look
    """


class ArchiveUnavailable(ArchiveError):
    """The database does not take or give anything just now: {what it says}."""


class ArchiveMismatch(ArchiveError):
    """This archive is not ours: {why}."""


def archive_url(data: Path) -> str:
    """The database used when none is configured."""
    return f"sqlite:///{(data / 'archive.db').resolve()}"


class Database:
    """One database; connects when it is first used. Safe to use from several threads and processes.

    Every method raises ArchiveUnavailable where the database refuses or does not answer.
    """

    def __init__(self, url: str) -> None:
        """`url` is a SQLAlchemy URL. Raises ArchiveError for one that cannot be read, or whose driver is missing."""
        try:
            self._url = sa.make_url(url)
            self.sqlite = self._url.get_backend_name() == "sqlite"
            arguments = {"check_same_thread": False, "timeout": LOCK_SECONDS} if self.sqlite else {}
            # Parameters are what customers said: not for a log.
            self.engine = sa.create_engine(
                self._url, connect_args=arguments, hide_parameters=True, json_serializer=dumps, pool_pre_ping=True
            )
        except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError) as error:
            raise ArchiveError(f"JIEHUA_ARCHIVE_URL: {error}") from error
        if self.sqlite:
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)

    @property
    def missing(self) -> bool:
        """Whether the SQLite file is not there (yet)."""
        return self.sqlite and not (self._url.database and Path(self._url.database).exists())

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection with one view of the data."""
        with _translated(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction, committed at the end; on any error nothing is changed."""
        with (
            _translated(),
            self.engine.connect().execution_options(jiehua_writing=True) as connection,
            connection.begin(),
        ):
            yield connection

    def migrate(self) -> None:
        """Bring the tables up to this version. Raises ArchiveMismatch for those of a newer one."""
        from alembic import command  # slow to load, and only needed here
        from alembic.config import Config
        from alembic.util import CommandError

        if self.sqlite and self._url.database:
            with _translated():
                Path(self._url.database).parent.mkdir(parents=True, exist_ok=True)
        with self.writing() as connection:
            logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)  # it lists its parts at each start
            config = Config()
            config.set_main_option("script_location", MIGRATIONS)
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                raise ArchiveMismatch(f"written by a newer version: {error}") from error

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see below
    connection.execute("PRAGMA journal_mode=WAL")
    # What is settled leaves Redis, so it has to be on the disk by then.
    connection.execute("PRAGMA synchronous=FULL")


def _begin_sqlite(connection: sa.Connection) -> None:
    """A writer takes the lock at once: waiting for it later, with a view that has grown old, cannot succeed."""
    writing = connection.get_execution_options().get("jiehua_writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise ArchiveUnavailable(str(error.orig)) from error
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise ArchiveUnavailable(str(error)) from error
