"""The gateway's side of the scorer: started when an editor asks, ended when nobody has for long."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gateway.errors import NotNow, Unavailable

log = logging.getLogger("jiehua.scoring")

#: A first request waits for the model to load; a process that says nothing for so long, not even how far it is, hangs.
PATIENCE_S = 180.0
IDLE_S = 900.0
LONGEST_LINE = 64 * 1024 * 1024
MOST_WAITING = 8


class Scoring:
    """Asks the scorer of one base; see `scorer.Scorer.answer` for requests."""

    def __init__(self, faq: Path, encoder: str, data: Path, *, idle_s: float = IDLE_S) -> None:
        self._command = [sys.executable, "-m", "gateway.scorer", str(faq), encoder, str(data / "embeddings")]
        self._idle_s = idle_s
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._end: asyncio.TimerHandle | None = None

    async def ask(
        self, what: str, *, progress: Callable[[dict[str, Any]], None] | None = None, **fields: Any
    ) -> dict[str, Any]:
        """The answer to one request; `progress` hears how far it is: `{"step", "done", "total"}`.

        Raises Unavailable when the process cannot be started, dies or takes too long (it is ended then), and NotNow
        when too many wait.
        """
        if self._waiting >= MOST_WAITING:
            raise NotNow("同时在算的太多了，请稍后再试。")
        self._waiting += 1
        try:
            async with self._turn:
                self._keep_alive()
                try:
                    document = await self._exchange({"what": what, **fields}, progress)
                except (OSError, ValueError, asyncio.TimeoutError) as error:
                    log.error("the scorer failed: %s", type(error).__name__)
                    await self._stop()
                    raise Unavailable("检索器没有回应，请稍后再试。") from error
                except asyncio.CancelledError:
                    await self._stop()  # its answer would be taken for that of the next request
                    raise
                finally:
                    self._keep_alive()
        finally:
            self._waiting -= 1
        if "error" in document:
            log.error("the scorer refused: %s", document["error"])
            raise Unavailable("检索器算不出来，请看日志。")
        answer: dict[str, Any] = document["answer"]
        return answer

    async def close(self) -> None:
        """End the process."""
        if self._end is not None:
            self._end.cancel()
        await self._stop()

    async def _exchange(
        self, request: Mapping[str, Any], progress: Callable[[dict[str, Any]], None] | None
    ) -> dict[str, Any]:
        process = self._process
        if process is None or process.returncode is not None:
            process = self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LONGEST_LINE,
            )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        await asyncio.wait_for(process.stdin.drain(), PATIENCE_S)
        while True:
            line = await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)
            document: dict[str, Any] = json.loads(line)  # an empty line, where it died, is a ValueError
            if "progress" not in document:
                return document
            if progress is not None:
                progress(document["progress"])

    def _keep_alive(self) -> None:
        if self._end is not None:
            self._end.cancel()
        loop = asyncio.get_running_loop()
        self._end = loop.call_later(self._idle_s, lambda: loop.create_task(self._rest()))

    async def _rest(self) -> None:
        async with self._turn:
            await self._stop()

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
