"""Canned replies 快捷回复: what agents say often, shared by all or one agent's own, in the table of the people.

Synchronous, as `people` is. A text may hold variables such as `{{agent.name}}`, which the console fills.
"""

from __future__ import annotations

import functools
import itertools
import secrets
import threading
import time
from dataclasses import dataclass

import sqlalchemy as sa
from pypinyin import Style, lazy_pinyin, pinyin
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from gateway.errors import Missing, NotAllowed, NotNow
from gateway.people import Person, Role, open_database

SHARED = ""
#: Who may change what all agents use.
KEEPERS = (Role.SUPERVISOR, Role.ADMIN)
MOST_SHARED = 500
MOST_OWN = 200
MOST_NAME = 30
MOST_TEXT = 2000
MOST_READINGS = 16
#: What a new installation begins with; a shop changes or deletes them.
FIRST = (
    ("您好", "您好，我是客服{{agent.name}}，您的问题我已经看过记录，不用再重复说明，我马上为您处理。"),
    ("稍等", "请您稍等，我正在查询，两分钟内给您答复。"),
    ("抱歉", "非常抱歉给您带来不便，我理解您的心情，这就为您处理。"),
    ("查单", "我正在为您查询订单 {{order_number}}，请稍等。"),
    ("要单号", "方便提供一下订单号吗？在「我的订单」里可以直接复制。"),
    ("还有吗", "请问还有其他可以帮您的吗？"),
    ("感谢", "感谢您的理解与支持，祝您生活愉快。"),
)


@dataclass(frozen=True)
class CannedReply:
    """One reply. `owner` is an agent's name, or SHARED.

    `initials` are the likeliest of its name's pinyin, `sounds` all that it may be found by: a character may be read in
    several ways.
    """

    id: str
    owner: str
    name: str
    text: str
    initials: str
    sounds: tuple[str, ...]


class _Base(DeclarativeBase):
    pass


class _Row(_Base):
    __tablename__ = "canned_replies"
    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    owner: Mapped[str] = mapped_column(sa.String(32), index=True)
    name: Mapped[str] = mapped_column(sa.String(MOST_NAME))
    text: Mapped[str] = mapped_column(sa.Text)
    changed_ms: Mapped[int] = mapped_column(sa.BigInteger)
    changed_by: Mapped[str] = mapped_column(sa.String(32))


class CannedReplies:
    """The store of canned replies; safe to use from several threads and processes."""

    def __init__(self, url: str) -> None:
        """Open the database at the SQLAlchemy `url`; a new table begins with FIRST."""
        self._engine = open_database(url)
        self._lock = threading.Lock()
        if not sa.inspect(self._engine).has_table(_Row.__tablename__):
            _Base.metadata.create_all(self._engine)
            self._begin()

    def _begin(self) -> None:
        with Session(self._engine) as session:
            for number, (name, text) in enumerate(FIRST, 1):
                session.add(_row(f"first-{number}", SHARED, name, text, by=""))
            try:
                session.commit()
            except sa.exc.IntegrityError:  # another process was first
                session.rollback()

    def of(self, person: Person) -> list[CannedReply]:
        """What this person can use: their own first, then the shared ones, each in the order of their names."""
        wanted = sa.select(_Row).where(_Row.owner.in_((SHARED, person.name)))
        with Session(self._engine) as session:
            found = [_reply(row) for row in session.scalars(wanted)]
        return sorted(found, key=lambda reply: (reply.owner == SHARED, reply.sounds, reply.name))

    def add(self, person: Person, *, name: str, text: str, shared: bool) -> CannedReply:
        """Add one; the same words under the same name are there once, however often they are added.

        Raises NotAllowed for a shared one of somebody who keeps none, NotNow when there are too many.
        """
        owner = SHARED if shared else person.name
        self._may(person, owner)
        same = sa.select(_Row).where(_Row.owner == owner, _Row.name == name, _Row.text == text)
        count = sa.select(sa.func.count()).select_from(_Row).where(_Row.owner == owner)
        with self._lock, Session(self._engine) as session:
            held = session.scalars(same).first()
            if held is not None:
                return _reply(held)
            if (session.scalar(count) or 0) >= (MOST_SHARED if shared else MOST_OWN):
                raise NotNow("快捷回复太多了，请先删去不用的。")
            row = _row(f"r{secrets.token_hex(8)}", owner, name, text, by=person.name)
            session.add(row)
            session.commit()
            return _reply(row)

    def change(self, person: Person, reply_id: str, *, name: str, text: str, shared: bool) -> CannedReply:
        """Change one, also from own to shared and back; raises Missing or NotAllowed."""
        owner = SHARED if shared else person.name
        with self._lock, Session(self._engine) as session:
            row = self._row_of(session, person, reply_id)
            if owner != row.owner:
                self._may(person, owner)
            if (row.owner, row.name, row.text) != (owner, name, text):
                row.owner, row.name, row.text = owner, name, text
                row.changed_ms, row.changed_by = time.time_ns() // 1_000_000, person.name
                session.commit()
            return _reply(row)

    def delete(self, person: Person, reply_id: str) -> None:
        """Delete one; raises Missing or NotAllowed."""
        with self._lock, Session(self._engine) as session:
            session.delete(self._row_of(session, person, reply_id))
            session.commit()

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def _row_of(self, session: Session, person: Person, reply_id: str) -> _Row:
        row = session.get(_Row, reply_id)
        if row is None or row.owner not in (SHARED, person.name):  # another agent's own: not theirs to know of
            raise Missing("没有这条快捷回复，可能刚被删去。")
        self._may(person, row.owner)
        return row

    def _may(self, person: Person, owner: str) -> None:
        if owner == SHARED and not person.may(*KEEPERS):
            raise NotAllowed("公共的快捷回复由主管和管理员维护。")


def _row(reply_id: str, owner: str, name: str, text: str, *, by: str) -> _Row:
    return _Row(id=reply_id, owner=owner, name=name, text=text, changed_ms=time.time_ns() // 1_000_000, changed_by=by)


def _reply(row: _Row) -> CannedReply:
    return CannedReply(row.id, row.owner, row.name, row.text, *_sounds(row.name))


@functools.lru_cache(maxsize=4096)
def _sounds(name: str) -> tuple[str, tuple[str, ...]]:
    """(initials, everything it may be found by) of a name: 查单 → (cd, (chadan, cd, zd))."""
    syllables = lazy_pinyin(name)
    initials = "".join(one[:1] for one in syllables).lower()
    options = pinyin(name, style=Style.NORMAL, heteronym=True)
    readings = [list(dict.fromkeys(one[:1].lower() for one in several)) for several in options]
    every = itertools.islice(itertools.product(*readings), MOST_READINGS)
    whole = "".join(syllables).lower()
    return initials, tuple(dict.fromkeys([whole, initials, *("".join(one) for one in every)]))
