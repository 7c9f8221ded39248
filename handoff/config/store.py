"""Documents of settings in the store: read, changed when nobody else has meanwhile, and their history.

A document is a record (`records.model.Setting`), so a change is one atomic step in either backend: the document under
its next version, the line of its history, and the event by which every process learns of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from handoff.config.config import KINDS, Config, document_of, with_document
from handoff.config.reading import BadDocument, read
from handoff.errors import NotFound, Stale
from handoff.records.change import changed
from handoff.records.model import Remark, Setting
from handoff.records.ports import RecordStore

log = logging.getLogger(__name__)

SET = "set"
SHOWN_CHANGES = 100


@dataclass(frozen=True)
class Kept:
    """One document in force. `version` is 0 for what ships; `document` is written in full."""

    kind: str
    version: int
    document: dict[str, Any]
    changed_ms: int = 0
    changed_by: str = ""


@dataclass(frozen=True)
class Changed:
    """One change: who made which version of what was there before, and when."""

    kind: str
    version: int
    at_ms: int
    who: str
    before: dict[str, Any]
    after: dict[str, Any]


class SettingsStore:
    """The documents of one tenant; `clock` gives UTC ms, for the dates that people read."""

    def __init__(self, records: RecordStore, clock: Callable[[], int]) -> None:
        self._records = records
        self._now = clock

    async def get(self, kind: str) -> Kept:
        """The document in force. Raises NotFound for an unknown kind."""
        setting = await self._setting(kind)
        if setting.rev == 0:
            return Kept(kind, 0, document_of(Config(), kind))
        return Kept(kind, setting.rev, setting.document, setting.changed_ms, setting.changed_by)

    async def put(self, kind: str, document: Any, *, by: str, version: int) -> Kept:
        """Put a document into force in place of `version`.

        Raises BadDocument with all that is wrong with it, and Stale when it, or another that it must fit, has changed
        meanwhile. The same document again changes nothing.
        """
        before = await self._setting(kind)
        config, versions = await self._read()
        after = document_of(with_document(config, kind, document), kind)
        if before.rev != version:
            if before.rev == version + 1 and (before.document, before.changed_by) == (after, by):
                return await self.get(kind)  # sent twice
            raise Stale(f"{kind} is at version {before.rev}, not {version}")
        now = self._now()
        remark = Remark(Setting.kind, kind, now, SET, by, data={"version": version + 1, "document": after})
        made = changed(before, replace(before, document=after, changed_ms=now, changed_by=by), remark)
        given = tuple((Setting.kind, one, rev) for one, rev in versions.items() if one != kind)
        await self._records.save(replace(made, before=before if before.rev else None, given=given))
        return await self.get(kind)

    async def history(self, kind: str, *, limit: int = SHOWN_CHANGES) -> list[Changed]:
        """The last changes of a document, the latest first. Raises NotFound for an unknown kind."""
        await self._setting(kind)
        remarks = await self._records.remarks(Setting, kind, limit=min(limit, SHOWN_CHANGES) + 1)
        documents = {int(one.data["version"]): one.data["document"] for one in remarks}
        documents.setdefault(0, document_of(Config(), kind))
        return [
            Changed(
                kind,
                version := int(one.data["version"]),
                one.at_ms,
                one.author,
                documents[version - 1],
                one.data["document"],
            )
            for one in reversed(remarks)
            if int(one.data["version"]) - 1 in documents
        ][:limit]

    async def config(self, known: Config | None = None) -> Config:
        """All settings in force. A document that cannot be read (of a newer version) leaves what is `known`."""
        return (await self._read(known))[0]

    async def _read(self, known: Config | None = None) -> tuple[Config, dict[str, int]]:
        settings = [await self._setting(kind) for kind in KINDS]
        return config_of(settings, known), {setting.name: setting.rev for setting in settings}

    async def _setting(self, kind: str) -> Setting:
        if kind not in KINDS:
            raise NotFound("no such kind of settings")
        return await self._records.record(Setting, kind) or Setting(kind)


def config_of(settings: Iterable[Setting], known: Config | None = None) -> Config:
    """All settings together. One that cannot be read (of a newer version) leaves what is `known`, else what ships."""
    config = known or Config()
    for setting in settings:
        if setting.name not in KINDS:
            continue
        if setting.rev == 0:
            config = replace(config, **{setting.name: getattr(Config(), setting.name)})
            continue
        try:
            config = replace(config, **{setting.name: read(setting.document, KINDS[setting.name].read)})
        except BadDocument as error:
            log.error("settings: %s version %d cannot be used: %s", setting.name, setting.rev, error)
    return config
