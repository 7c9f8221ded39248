"""Long work over HTTP: a page that asks for lines hears how far it is, one that asks for JSON gets the answer alone.

Lines are JSON, one each: `{"progress": {…}}` any number of times, then `{"answer": …}` or `{"refused": status, …}` with
what a refusal would have held. Work goes on to its end when the page goes away: what is half published helps nobody.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from fastapi import Request, Response
from starlette.responses import StreamingResponse

from gateway import wire
from gateway.errors import GatewayError, from_desk
from handoff.errors import DeskError

log = logging.getLogger("jiehua.gateway")

LINES = "application/x-ndjson"
Document = dict[str, Any]
Work = Callable[[Callable[[Document], None]], Awaitable[Document]]

_running: set[asyncio.Task[None]] = set()


async def streamed(request: Request, work: Work) -> Response:
    """The response of `work`, which is given what hears its progress."""
    if LINES not in request.headers.get("accept", ""):
        return wire.answer(await work(lambda progress: None))
    lines: asyncio.Queue[Document | None] = asyncio.Queue()
    task = asyncio.create_task(_run(work, lines))
    _running.add(task)
    task.add_done_callback(_running.discard)
    return StreamingResponse(_written(lines), media_type=LINES, headers={"Cache-Control": "no-store"})


async def _run(work: Work, lines: asyncio.Queue[Document | None]) -> None:
    try:
        lines.put_nowait({"answer": await work(lambda progress: lines.put_nowait({"progress": progress}))})
    except GatewayError as error:
        lines.put_nowait({"refused": error.status, **error.body()})
    except DeskError as error:
        refusal = from_desk(error)
        lines.put_nowait({"refused": refusal.status, **refusal.body()})
    except Exception:
        log.exception("long work failed")
        failed = GatewayError()
        lines.put_nowait({"refused": failed.status, **failed.body()})
    finally:
        lines.put_nowait(None)


async def _written(lines: asyncio.Queue[Document | None]) -> AsyncIterator[bytes]:
    while (line := await lines.get()) is not None:
        yield wire.dumps(line).encode("utf-8") + b"\n"
