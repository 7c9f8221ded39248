"""Pictures and files of conversations, kept in the data folder.

    {data}/attachments/{digest of the conversation's id}/{id}          the content
                                                        {id}.small    a small picture for lists
                                                        {id}.json     what it is, and who brought it
                                                        {id}.sent     it belongs to a message

A file can be found only through its conversation, so whoever may not read that cannot read the file, whatever id they
know. What was brought and never sent is swept away after a day, by the next one who brings something and at the start.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.codec import ContractError, decode, encode
from contracts.conversation import Attachment
from gateway import media
from gateway.errors import BadFile, BadRequest, FileGone, FileTooBig, Missing, NoSpace, TooManyFiles
from gateway.settings import Settings

FOLDER = "attachments"
MOST_IN_A_MESSAGE = 9
#: Who brought a file: the customer, else the name of an agent.
CUSTOMER = ""
UNSENT_LIFE_S = 24 * 3600
_ID = re.compile(r"[A-Za-z0-9_-]{24}")
_TEMPORARY = ".up-"


@dataclass(frozen=True)
class Kept:
    """A file that is kept: what it is, who brought it, whether it was sent, and where its content lies."""

    attachment: Attachment
    by: str
    sent: bool
    path: Path


class Attachments:
    """The files of all conversations; limits hold for one conversation over all gateways that share the folder."""

    def __init__(self, settings: Settings) -> None:
        self._root = settings.data / FOLDER
        self._settings = settings
        self._drawing = asyncio.Semaphore(2)  # a picture takes a core and some hundred MiB while it is drawn anew

    # --- bringing

    async def keep(
        self, conversation_id: str, chunks: AsyncIterator[bytes], *, announced: int, name: str, by: str, key: str = ""
    ) -> Attachment:
        """Take a file in; it can be sent with a message from then on. Again with the same `key` it is the same file.

        `announced` is the size that the sender promised (0: unknown). Raises FileTooBig, BadFile, TooManyFiles or
        NoSpace, and nothing is kept.
        """
        self._measure(announced)
        attachment_id = _id_of(conversation_id, by, key) if key else secrets.token_urlsafe(18)
        held = await asyncio.to_thread(self._find, conversation_id, attachment_id)
        if held is not None:
            async for _ in chunks:  # heard out, so that the sender reads the answer
                pass
            return held.attachment
        temporary = await asyncio.to_thread(self._begin, conversation_id, announced)
        try:
            await self._receive(chunks, temporary)
            async with self._drawing:
                return await asyncio.to_thread(self._take_in, conversation_id, attachment_id, temporary, name, by)
        finally:
            await asyncio.to_thread(temporary.unlink, missing_ok=True)

    def _measure(self, size: int) -> None:
        most = self._settings.attachment_bytes
        if size > most:
            raise FileTooBig(f"文件太大了，最大 {most // 1024 // 1024} MB。")

    def _begin(self, conversation_id: str, announced: int) -> Path:
        self._make_room(conversation_id, announced)
        with _full_disk_told():
            handle, name = tempfile.mkstemp(prefix=_TEMPORARY, dir=self._root)
        os.close(handle)
        return Path(name)

    async def _receive(self, chunks: AsyncIterator[bytes], temporary: Path) -> None:
        size = 0
        with _full_disk_told(), temporary.open("wb") as out:
            async for chunk in chunks:
                size += len(chunk)
                self._measure(size)
                out.write(chunk)  # into the page cache: no wait worth a thread
        if not size:
            raise BadFile("这个文件是空的。")

    def _make_room(self, conversation_id: str, size: int) -> None:
        folder = self._folder(conversation_id)
        with _full_disk_told():
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sweep(folder)
            kept = [entry.stat().st_size for entry in _entries(folder) if "." not in entry.name]
            free = shutil.disk_usage(self._root).free
        if free - size < self._settings.disk_reserve_bytes:
            raise NoSpace
        if len(kept) >= self._settings.attachments_per_conversation:
            raise TooManyFiles(f"这个对话里的文件太多了，最多 {self._settings.attachments_per_conversation} 个。")
        most = self._settings.attachment_bytes_per_conversation
        if sum(kept) + size > most:
            raise TooManyFiles(f"这个对话里的文件太大了，总共最多 {most // 1024 // 1024} MB。")

    def _take_in(self, conversation_id: str, attachment_id: str, temporary: Path, name: str, by: str) -> Attachment:
        kind = media.kind_of(temporary)
        if not kind:
            raise BadFile
        size = temporary.stat().st_size
        self._make_room(conversation_id, size)
        picture = None
        if kind.startswith("image/"):
            try:
                picture = media.redrawn(temporary)
            except media.UnreadablePictureError as error:
                raise BadFile("这张图片打不开，请换一张。") from error
        attachment = Attachment(
            id=attachment_id,
            name=media.safe_name(name, kind),
            media_type=kind,
            size=len(picture.content) if picture else size,
            width=picture.width if picture else 0,
            height=picture.height if picture else 0,
        )
        folder = self._folder(conversation_id)
        document = {**encode(attachment), "by": by}
        with _full_disk_told():
            folder.mkdir(mode=0o700, exist_ok=True)
            try:
                if picture is None:
                    os.replace(temporary, folder / attachment.id)
                else:
                    (folder / attachment.id).write_bytes(picture.content)
                    if picture.small:
                        (folder / f"{attachment.id}.small").write_bytes(picture.small)
                (folder / f"{attachment.id}.json").write_text(json.dumps(document, ensure_ascii=False), "utf-8")
            except OSError:
                _drop(folder, attachment.id)
                raise
        return attachment

    # --- sending and reading

    async def claim(self, conversation_id: str, ids: Sequence[str], *, by: str) -> tuple[Attachment, ...]:
        """The files that a message is to carry, marked as sent; again changes nothing.

        Raises BadRequest for too many, FileGone for one that is not there any more or was brought by somebody else.
        """
        if len(ids) > MOST_IN_A_MESSAGE or len(set(ids)) < len(ids):
            raise BadRequest(f"一条消息最多带 {MOST_IN_A_MESSAGE} 个文件。")
        return await asyncio.to_thread(self._claimed, conversation_id, ids, by) if ids else ()

    def _claimed(self, conversation_id: str, ids: Sequence[str], by: str) -> tuple[Attachment, ...]:
        found = [self._find(conversation_id, one) for one in ids]
        if any(one is None or one.by != by for one in found):
            raise FileGone
        with _full_disk_told():
            for one in found:
                assert one is not None
                one.path.with_name(f"{one.path.name}.sent").touch(mode=0o600)
        return tuple(one.attachment for one in found if one is not None)

    async def read(self, conversation_id: str, attachment_id: str, *, by: str, small: bool) -> Kept:
        """A file for somebody who may read the conversation; what was not sent, for who brought it alone.

        With `small`, the path is that of the small picture where there is one. Raises Missing.
        """
        found = await asyncio.to_thread(self._find, conversation_id, attachment_id)
        if found is None or not (found.sent or found.by == by):
            raise Missing("没有这个文件。")
        little = found.path.with_name(f"{found.path.name}.small")
        if not small or not little.exists():
            return found
        return Kept(
            Attachment(found.attachment.id, found.attachment.name, "image/webp", 0), found.by, found.sent, little
        )

    def _find(self, conversation_id: str, attachment_id: str) -> Kept | None:
        if not _ID.fullmatch(attachment_id):
            return None
        path = self._folder(conversation_id) / attachment_id
        try:
            document: dict[str, Any] = json.loads(path.with_name(f"{attachment_id}.json").read_text("utf-8"))
            attachment = decode(Attachment, document)
        except (OSError, ValueError, ContractError):
            return None
        sent = path.with_name(f"{attachment_id}.sent").exists()
        return Kept(attachment, str(document.get("by", "")), sent, path)

    def _folder(self, conversation_id: str) -> Path:
        return self._root / hashlib.sha256(conversation_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def sweep(self) -> None:
        """Throw away what was brought more than a day ago and never sent, in all conversations."""
        for folder in _entries(self._root):
            if folder.is_dir():
                _sweep(Path(folder.path))
            elif folder.name.startswith(_TEMPORARY) and time.time() - folder.stat().st_mtime > UNSENT_LIFE_S:
                Path(folder.path).unlink(missing_ok=True)


def _id_of(conversation_id: str, by: str, key: str) -> str:
    """The id of the file that somebody brings under a key: of any two gateways, both give it the same."""
    named = json.dumps([conversation_id, by, key]).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(named).digest()[:18]).decode()


def _entries(folder: Path) -> Iterable[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except FileNotFoundError:
        return ()


def _sweep(folder: Path) -> None:
    entries = {entry.name: entry for entry in _entries(folder)}
    for name, entry in entries.items():
        with contextlib.suppress(FileNotFoundError):  # another gateway sweeps too
            if (
                "." not in name
                and f"{name}.sent" not in entries
                and time.time() - entry.stat().st_mtime > UNSENT_LIFE_S
                and not (folder / f"{name}.sent").exists()
            ):
                _drop(folder, name)


def _drop(folder: Path, attachment_id: str) -> None:
    for suffix in (".json", ".small", ""):  # the description first: without it the rest cannot be found
        (folder / f"{attachment_id}{suffix}").unlink(missing_ok=True)


@contextlib.contextmanager
def _full_disk_told() -> Any:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace from error
        raise
