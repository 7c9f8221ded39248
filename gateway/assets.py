"""The files of the pages as they go over the wire: without their comments, and compressed.

The sources are written to be read and served as they are, with no build between; comments are a fifth of what a
customer's phone would load. Line numbers stay, so an error in a browser points into the source.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import Response
from starlette.datastructures import Headers
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

# A comment that has its lines for itself. What stands inside a template literal is never one: a test looks for that.
_COMMENT = re.compile(r"^[ \t]*(?:/\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*$", re.MULTILINE | re.DOTALL)
_TEXT = frozenset({".js", ".css", ".html", ".svg"})
_WITH_COMMENTS = frozenset({".js", ".css"})


@dataclass(frozen=True)
class Asset:
    """One file: its bytes, the same compressed, and the tag by which a browser knows that it has them."""

    media_type: str
    plain: bytes
    packed: bytes
    etag: str


_held: dict[str, tuple[tuple[int, int], Asset]] = {}


def without_comments(source: str) -> str:
    """The source with blank lines in the place of comments that had their lines for themselves."""
    return _COMMENT.sub(lambda found: "\n" * found.group().count("\n"), source)


def asset(file: Path) -> Asset:
    """The file as it is now. Raises OSError."""
    stat = file.stat()
    version = (stat.st_mtime_ns, stat.st_size)
    held = _held.get(str(file))
    if held is None or held[0] != version:
        held = _held[str(file)] = (version, _read(file))
    return held[1]


def _read(file: Path) -> Asset:
    content = file.read_bytes()
    if file.suffix in _WITH_COMMENTS:
        content = without_comments(content.decode("utf-8")).encode("utf-8")
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    if file.suffix in _TEXT:
        media_type = f"{media_type}; charset=utf-8"
    packed = gzip.compress(content, 9, mtime=0) if file.suffix in _TEXT else b""
    return Asset(media_type, content, packed, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


def response(file: Path, request_headers: Mapping[str, str], status: int = 200) -> Response:
    """The answer to a request for the file; 304 where the browser has it."""
    found = asset(file)
    packs = bool(found.packed) and "gzip" in request_headers.get("accept-encoding", "")
    headers = {"etag": found.etag, "cache-control": "no-cache", "vary": "accept-encoding"}
    if request_headers.get("if-none-match") == found.etag:
        return NotModifiedResponse(Headers(headers))
    if packs:
        headers["content-encoding"] = "gzip"
    return Response(found.packed if packs else found.plain, status, headers, found.media_type)


class Assets(StaticFiles):
    """A folder of such files."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """As `response`."""
        return response(Path(full_path), Headers(scope=scope), status_code)
