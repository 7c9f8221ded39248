"""Messages that bring files along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contracts.codec import encode
from contracts.conversation import Attachment
from handoff.inputs import message_text

PICTURE = "[图片]"
FILE = "[文件] {name}"


def with_files(text: str, attachments: Sequence[Attachment]) -> dict[str, Any]:
    """{text, data} of a message as it is stored; raises Invalid for one with neither words nor files.

    A message without words gets a text that stands for its files, for lists, searches and channels that show text only.
    """
    if not attachments:
        return {"text": message_text(text), "data": None}
    data: dict[str, Any] = {"attachments": [encode(one) for one in attachments]}
    if text.strip():
        return {"text": message_text(text), "data": data}
    return {"text": message_text(stand_in(attachments)), "data": {**data, "wordless": True}}


def stand_in(attachments: Sequence[Attachment]) -> str:
    """The files in words: 「[图片]」 for each picture, 「[文件] 名字」 for each other."""
    return " ".join(
        PICTURE if one.media_type.startswith("image/") else FILE.format(name=one.name) for one in attachments
    )
