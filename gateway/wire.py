"""JSON on its way out, and request bodies on their way in, within limits."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from gateway import frames
from gateway.errors import BadRequest, GatewayError, TooLong

# Days whose midnights are moments in every zone, and in which somebody may have asked something.
_YEARS = range(2000, 2200)


def dumps(value: Any) -> str:
    """Compact JSON text that UTF-8 can always carry."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # A lone surrogate can only be written escaped. Looking for one costs microseconds.
    return text if text.isascii() or not _has_surrogate(text) else json.dumps(value, separators=(",", ":"))


def _has_surrogate(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def answer(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON response that no cache keeps."""
    return Response(
        dumps(value).encode("utf-8"),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def refusal(error: GatewayError) -> Response:
    """The response to a request that failed."""
    headers = {"Retry-After": str(max(1, round(error.retry_after_s)))} if error.retry_after_s else None
    return answer(error.body(), status=error.status, headers=headers)


async def read_object(request: Request, *, limit: int) -> dict[str, Any]:
    """The JSON object in a request's body; raises TooLong beyond `limit` bytes without reading the rest."""
    if int(_digits(request.headers.get("content-length", "")) or 0) > limit:
        raise TooLong(f"请求太大了，最多 {limit} 字节。")
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooLong(f"请求太大了，最多 {limit} 字节。")
        chunks.append(chunk)
    return frames.parse(b"".join(chunks), limit=limit)


def days(request: HTTPConnection) -> tuple[date | None, date | None]:
    """The days `from` and `to` of the query string, None where not given. Raises BadRequest naming the field."""
    found: list[date | None] = []
    for name in ("from", "to"):
        text = request.query_params.get(name, "")
        try:
            day = date.fromisoformat(text) if text else None
        except ValueError as error:
            raise BadRequest("日期要写成 2026-11-01 这样。", details={"field": name}) from error
        if day is not None and day.year not in _YEARS:
            raise BadRequest("日期太早或太晚了。", details={"field": name})
        found.append(day)
    return found[0], found[1]


def _digits(text: str) -> str:
    return text if text.isascii() and text.isdigit() and len(text) <= 16 else ""


def integer(request: HTTPConnection, name: str, *, default: int, least: int = 0, most: int = frames.MAX_INTEGER) -> int:
    """A whole number from the query string, `default` when absent or unusable, kept within bounds."""
    text = _digits(request.query_params.get(name, ""))
    return min(max(int(text), least), most) if text else default
