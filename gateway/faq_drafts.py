"""「这条回答变成 FAQ」: what an agent answered becomes a draft among the editors' files, with the question beside it.

Drafts go to one file of their own in the FAQ folder with `status: draft`: customers are not told what is in there, and
editors find it where everything else is.
"""

from __future__ import annotations

import errno
import re
import secrets
import threading
from datetime import date
from pathlib import Path

from gateway.errors import NoSpace, NotNow
from knowledge_base import difference, files
from knowledge_base.document import DocumentError
from knowledge_base.entry import FaqEntry, Status

NAME = "drafts.yml"
MOST_QUESTION = 500
MOST_ANSWER = 4000


_SOURCE = re.compile(r"会话 (\S+) 第 (\d+) 条")


def source_of(conversation_id: str, seq: int) -> str:
    """Where an answer was given, as an entry's `source` says it."""
    return f"会话 {conversation_id} 第 {seq} 条"


def place_of(source: str) -> tuple[str, int] | None:
    """The conversation and the message that a `source` names, None for any other source."""
    found = _SOURCE.fullmatch(source.strip())
    return (found[1], int(found[2])) if found else None


class FaqDrafts:
    """Writes drafts into the FAQ folder at `path`; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = threading.Lock()

    def add(self, *, question: str, answer: str, owner: str, source: str, today: date) -> FaqEntry:
        """Add a draft, once for each `source`; the entry as it is in the files.

        Raises NotNow where the files cannot be written, saying why, and NoSpace on a full disk.
        """
        if not self._path.is_dir():
            raise NotNow("知识库是一个单独的文件，写不进草稿，请告诉知识编辑。")
        with self._writing:
            held = files.load(self._path).entries
            known = next((entry for entry in held if entry.source == source), None)
            if known is not None:
                return known
            entry = FaqEntry(
                id=f"draft-{today:%Y%m%d}-{secrets.token_hex(4)}",
                question=question,
                answer=answer,
                status=Status.DRAFT,
                owner=owner,
                source=source,
                updated=today,
            )
            change = difference.Difference(added=(entry,), changed=(), removed=(), unchanged=len(held))
            try:
                difference.apply(self._path, change, into=NAME)
            except DocumentError as error:
                raise NotNow(f"草稿没有写入：{error.problems[0].what}。请告诉知识编辑。") from error
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise NoSpace("服务器的存储空间满了，草稿没有保存。") from error
                raise NotNow("知识库的文件夹写不了，草稿没有保存，请告诉管理员。") from error
            return entry
