"""The editors' files as they are now, the way edits get into them, and what they said before."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from gateway.errors import GatewayError, NotNow, Overtaken
from knowledge_base import files
from knowledge_base.difference import ChangedMeanwhileError
from knowledge_base.document import DocumentError
from knowledge_base.editing import Edit, ReadOnlyBaseError, write
from knowledge_base.entry import FaqEntry
from knowledge_base.entry_checks import due
from knowledge_base.files import Loaded, Reader
from knowledge_base.history import History, Version, difference_of, history_of
from knowledge_base.journal import OvertakenError, finish
from knowledge_base.workbook import Workbook
from language.normalise import normalise

log = logging.getLogger("jiehua.workbench")

Document = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """Which entries to list; "" is any. `due` is one of Due, "any", or ""."""

    text: str = ""
    category: str = ""
    status: str = ""
    owner: str = ""
    tag: str = ""
    due: str = ""

    def fits(self, entry: FaqEntry, today: date) -> bool:
        """Whether an entry is wanted."""
        said = (entry.id, entry.question, *entry.variants, entry.answer)
        why = due(entry, today)
        return (
            (not self.category or entry.category == self.category)
            and (not self.status or entry.status.value == self.status)
            and (not self.owner or entry.owner == self.owner)
            and (not self.tag or self.tag in entry.tags)
            and (not self.due or (why is not None and self.due in ("any", why.value)))
            and (not self.text or any(normalise(self.text) in normalise(one) for one in said))
        )


class Shelf:
    """The base at `path`. Every reading is of the files as they stand, so changes by hand are seen and remembered."""

    def __init__(self, path: Path, workbook: Workbook) -> None:
        self.path = path
        self._workbook = workbook
        self._reader = Reader(path)
        self._reading = asyncio.Lock()
        self._history: History | None = None
        self._noticed = ""

    async def loaded(self) -> Loaded:
        """The base as its files say now; what was changed by hand is noted in the history."""
        async with self._reading:
            return await asyncio.to_thread(self._load)

    def _load(self) -> Loaded:
        finish(self.path)
        loaded = self._reader.load()
        if loaded.ok and loaded.entries and loaded.digest != self._noticed:
            self.past.notice(loaded.entries)
            self._noticed = loaded.digest
        return loaded

    @property
    def past(self) -> History:
        """Where the versions of entries come from."""
        if self._history is None:
            self._history = history_of(self.path, self._workbook)
        return self._history

    @property
    def read_only(self) -> bool:
        """Whether the base is one JSON Lines file."""
        return self.path.is_file() and self.path.suffix not in files.YAML_SUFFIXES

    def may_write(self) -> None:
        """Raises NotNow where it is."""
        if self.read_only:
            raise NotNow("知识库是一个 JSON Lines 文件，只能看；导入成 YAML 目录后就能在这里编辑。")

    def write(self, loaded: Loaded, edits: Sequence[Edit], who: str, reason: str) -> list[Path]:
        """Put edits into the files, all or none, and remember who did it; raises GatewayError, with nothing written."""
        try:
            self.past.notice(loaded.entries, writing=True)
            written = write(self.path, edits)
        except (ChangedMeanwhileError, OvertakenError) as error:
            raise Overtaken("文件刚被别人改过，没有写入；请再试一次。") from error
        except DocumentError as error:
            raise NotNow(f"没有写入：{error.problems[0]}") from error
        except ReadOnlyBaseError as error:
            raise NotNow from error
        except OSError as error:
            log.error("the knowledge base cannot be written: %s", error)
            raise GatewayError("文件写不进去，请检查磁盘空间和权限；草稿还在。") from error
        self.past.record([edit.entry for edit in edits], written, who=who, reason=reason)
        return written

    def versions(self, entry_id: str) -> list[Document]:
        """The versions of an entry, or the changes of all, the latest first, each with what it changed."""
        found = []
        for version in self.past.versions(entry_id):
            before = self.past.before(version)
            found.append(
                {**version_view(version), "differences": difference_of(before.form if before else None, version.form)}
            )
        return found


def version_view(version: Version) -> Document:
    """A version as the pages know it."""
    return asdict(version)
