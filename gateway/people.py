"""The people who work here: a SQL table of names, roles, groups, capacity and password hashes.

Synchronous on purpose: the command line calls it as it is, the gateway through `asyncio.to_thread` (checking a
password takes tens of milliseconds of processor time in any case).
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

MIN_PASSWORD = 8
MAX_PASSWORD = 256
_NAME = re.compile(r"[a-z0-9][a-z0-9_.\-]{0,31}")


class Role(str, Enum):
    """What a person may do: AGENT chats, SUPERVISOR sees and moves everything, EDITOR keeps knowledge, ADMIN all."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    EDITOR = "editor"
    ADMIN = "admin"


class PeopleError(ValueError):
    """A person cannot be added or changed: what is wrong with which `field`.

    Beside the fields of a person, "taken" is a name that somebody has, "nobody" one that nobody has, and "last" the
    last administrator, who cannot be done without.
    """

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


@dataclass(frozen=True)
class Person:
    """One person. `generation` rises when logins must end (new password, suspension, other roles).

    `levels` are how well they serve each of `groups`, in the same order; none: level 1 in each.
    """

    name: str
    display: str
    roles: tuple[Role, ...]
    groups: tuple[str, ...] = ()
    cap: int = 5
    suspended: bool = False
    generation: int = 0
    levels: tuple[int, ...] = ()

    def may(self, *roles: Role) -> bool:
        """Whether one of `roles`, or ADMIN, is among the person's roles."""
        return Role.ADMIN in self.roles or any(role in self.roles for role in roles)


class _Base(DeclarativeBase):
    pass


class _PersonRow(_Base):
    __tablename__ = "people"
    name: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    display: Mapped[str] = mapped_column(sa.String(64))
    roles: Mapped[str] = mapped_column(sa.String(128))
    groups: Mapped[str] = mapped_column(sa.String(512), default="")
    cap: Mapped[int] = mapped_column(default=5)
    password_hash: Mapped[str] = mapped_column(sa.String(256))
    suspended: Mapped[bool] = mapped_column(default=False)
    generation: Mapped[int] = mapped_column(default=0)
    created_ms: Mapped[int] = mapped_column(sa.BigInteger)


class _AuditRow(_Base):
    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)
    at_ms: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    who: Mapped[str] = mapped_column(sa.String(32), index=True)
    action: Mapped[str] = mapped_column(sa.String(64))
    target: Mapped[str] = mapped_column(sa.String(200))


@dataclass(frozen=True)
class AuditLine:
    """Who did what to which object (identifiers only, never what was said); `id` rises with time."""

    id: int
    at_ms: int
    who: str
    action: str
    target: str


def database_url(data: Path) -> str:
    """The database used when none is configured."""
    return f"sqlite:///{(data / 'jiehua.db').resolve()}"


def open_database(url: str) -> sa.Engine:
    """The engine of a SQLAlchemy `url`; the folder of an SQLite file is made when it is missing."""
    parsed = sa.make_url(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    if sqlite and parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    # One connection for an in-memory database, or every thread would see its own.
    options = {"poolclass": sa.pool.StaticPool} if sqlite and parsed.database in (None, "", ":memory:") else {}
    arguments = {"check_same_thread": False, "timeout": 15} if sqlite else {}
    return sa.create_engine(parsed, connect_args=arguments, **options)


class People:
    """The store of people; safe to use from several threads and processes."""

    def __init__(self, url: str) -> None:
        """Open the database at the SQLAlchemy `url`, making the tables when they are missing."""
        self._engine = open_database(url)
        self._lock = threading.Lock()
        _Base.metadata.create_all(self._engine)
        self._hasher = PasswordHasher()
        # Compared for unknown names, so that the time taken does not tell which names exist.
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))

    def add(
        self,
        name: str,
        *,
        display: str = "",
        roles: Sequence[Role | str] = (Role.AGENT,),
        groups: Sequence[str] = (),
        cap: int = 5,
        password: str | None = None,
    ) -> tuple[Person, str]:
        """Add a person; without `password` one is generated. Returns both; the password is not kept.

        Raises PeopleError when the name is taken or a field does not fit.
        """
        person = _checked(name, display=display, roles=roles, groups=groups, cap=cap)
        password = secrets.token_urlsafe(12) if password is None else _checked_password(password)
        row = _PersonRow(
            name=person.name,
            display=person.display,
            roles=",".join(role.value for role in person.roles),
            groups=",".join(person.groups),
            cap=person.cap,
            password_hash=self._hasher.hash(password),
            created_ms=time.time_ns() // 1_000_000,
        )
        with self._lock, Session(self._engine) as session:
            session.add(row)
            try:
                session.commit()
            except sa.exc.IntegrityError as error:
                raise PeopleError("taken", f"{name}: this name is taken") from error
        return person, password

    def ensure_admin(self) -> str | None:
        """Make the first administrator (`admin`) when there is nobody at all; returns the password, once."""
        with Session(self._engine) as session:
            if session.scalar(sa.select(sa.func.count()).select_from(_PersonRow)):
                return None
        try:
            _, password = self.add("admin", display="管理员", roles=(Role.ADMIN, Role.SUPERVISOR, Role.AGENT))
        except PeopleError:  # another process was first
            return None
        return password

    def verify(self, name: str, password: str) -> Person | None:
        """The person, when name and password fit and they are not suspended."""
        with Session(self._engine) as session:
            row = session.get(_PersonRow, name) if _NAME.fullmatch(name) else None
            stored = row.password_hash if row else self._nobody
            try:
                self._hasher.verify(stored, password[:MAX_PASSWORD])
            except (Argon2Error, InvalidHashError):
                return None
            if row is None or row.suspended:
                return None
            if self._hasher.check_needs_rehash(stored):
                row.password_hash = self._hasher.hash(password)
                session.commit()
            return _person(row)

    def get(self, name: str) -> Person | None:
        """The person of that name, suspended or not."""
        with Session(self._engine) as session:
            row = session.get(_PersonRow, name)
            return _person(row) if row else None

    def all(self) -> list[Person]:
        """Everybody, by name."""
        with Session(self._engine) as session:
            return [_person(row) for row in session.scalars(sa.select(_PersonRow).order_by(_PersonRow.name))]

    def suspend(self, name: str, *, suspended: bool = True, keep_admin: bool = False) -> Person:
        """Suspend a person or let them back; suspension ends their logins.

        Raises PeopleError for unknown names, and with `keep_admin` for the last administrator.
        """
        return self._change(name, {"suspended": suspended}, keep_admin=keep_admin)

    def edit(
        self,
        name: str,
        *,
        display: str | None = None,
        roles: Sequence[Role | str] | None = None,
        groups: Sequence[str] | None = None,
        cap: int | None = None,
    ) -> Person:
        """Change what is given; other roles end the person's logins. Raises PeopleError, also for the last admin."""
        before = self.get(name)
        if before is None:
            raise PeopleError("nobody", f"{name}: nobody has this name")
        after = _checked(
            name,
            display=before.display if display is None else display,
            roles=before.roles if roles is None else roles,
            groups=before.groups if groups is None else groups,
            cap=before.cap if cap is None else cap,
        )
        # What is not given is not written: two administrators may change different things at once.
        values: dict[str, object] = {}
        if display is not None:
            values["display"] = after.display
        if groups is not None:
            values["groups"] = ",".join(after.groups)
        if cap is not None:
            values["cap"] = after.cap
        if roles is not None and after.roles != before.roles:
            values["roles"] = ",".join(role.value for role in after.roles)
        return self._change(name, values, end_logins="roles" in values, keep_admin=True)

    def set_password(self, name: str, password: str | None = None) -> str:
        """Give a new password (generated when none is given) and end the person's logins; returns the password."""
        password = secrets.token_urlsafe(12) if password is None else _checked_password(password)
        self._change(name, {"password_hash": self._hasher.hash(password)})
        return password

    def _change(
        self, name: str, values: dict[str, object], *, end_logins: bool = True, keep_admin: bool = False
    ) -> Person:
        with self._lock, Session(self._engine) as session:
            row = session.get(_PersonRow, name)
            if row is None:
                raise PeopleError("nobody", f"{name}: nobody has this name")
            # Asked again, it is so already, and who has logged in since stays.
            row.generation += end_logins and any(getattr(row, field) != value for field, value in values.items())
            for field, value in values.items():
                setattr(row, field, value)
            session.flush()
            if keep_admin and not any(
                Role.ADMIN in one.roles and not one.suspended
                for one in map(_person, session.scalars(sa.select(_PersonRow)))
            ):
                raise PeopleError("last", f"{name}: the last administrator")
            session.commit()
            return _person(row)

    def audit(self, who: str, action: str, target: str) -> None:
        """Write one line of the audit."""
        with self._lock, Session(self._engine) as session:
            session.add(_AuditRow(at_ms=time.time_ns() // 1_000_000, who=who, action=action, target=target[:200]))
            session.commit()

    def audited(self, *, limit: int = 200, before: int = 0, who: str = "", action: str = "") -> list[AuditLine]:
        """The newest lines, newest first: those with a lower id than `before`, by `who`, about `action`."""
        wanted = sa.select(_AuditRow).order_by(_AuditRow.id.desc()).limit(limit)
        if before:
            wanted = wanted.where(_AuditRow.id < before)
        if who:
            wanted = wanted.where(_AuditRow.who == who)
        if action:
            wanted = wanted.where(_AuditRow.action == action)
        with Session(self._engine) as session:
            return [
                AuditLine(id=row.id, at_ms=row.at_ms, who=row.who, action=row.action, target=row.target)
                for row in session.scalars(wanted)
            ]

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


def _person(row: _PersonRow) -> Person:
    return Person(
        name=row.name,
        display=row.display,
        roles=tuple(Role(role) for role in row.roles.split(",") if role),
        groups=tuple(group for group in row.groups.split(",") if group),
        cap=row.cap,
        suspended=row.suspended,
        generation=row.generation,
    )


def _checked(name: str, *, display: str, roles: Sequence[Role | str], groups: Sequence[str], cap: int) -> Person:
    if not _NAME.fullmatch(name):
        raise PeopleError("name", f"{name!r}: a name is 1 to 32 of a-z 0-9 _ . - and starts with a letter or digit")
    if not roles:
        raise PeopleError("roles", f"{name}: at least one role is needed")
    try:
        known = tuple(dict.fromkeys(Role(role) for role in roles))
    except ValueError as error:
        raise PeopleError("roles", f"{name}: roles are {', '.join(role.value for role in Role)}") from error
    # The engine takes no white space in a name: with a group it refuses nobody would ever become ready.
    if any("," in group or group.split() != [group] or len(group) > 64 for group in groups):
        raise PeopleError("groups", f"{name}: a group is 1 to 64 characters without commas and white space")
    if not 0 <= cap <= 100:
        raise PeopleError("cap", f"{name}: cap is from 0 to 100")
    if len(display) > 64 or any(not character.isprintable() for character in display):
        raise PeopleError("display", f"{name}: the displayed name is at most 64 printable characters")
    return Person(name=name, display=display.strip() or name, roles=known, groups=tuple(groups), cap=cap)


def _checked_password(password: str) -> str:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise PeopleError("password", f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    return password
