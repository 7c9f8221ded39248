"""The bot's private channel, over HTTP with connections kept open.

Errors:

    BotError             the bot gave no usable answer; `code` is stable, `again` tells if trying again may help
    ├── BotUnreachable   no connection, or it broke
    ├── BotTooSlow       no answer within the deadline
    ├── BotRefused       a 4xx: the request is wrong or the secret is
    └── BotFailed        a 5xx, or an answer that is no TurnResult
"""

from __future__ import annotations

import asyncio
import socket
from types import TracebackType
from typing import Self

import aiohttp

from contracts.codec import ContractError, dumps, loads
from contracts.turn import TurnFailure, TurnRequest, TurnResult

PATH = "/webhooks/jiehua/turn"
SECRET_HEADER = "X-Jiehua-Secret"  # noqa: S105 (a header's name)
# The bot keeps its own deadline and answers 504 by itself; only a bot that hangs is cut off by ours.
GRACE_MS = 500
MAX_ANSWER_BYTES = 1_000_000


class BotError(Exception):
    """The bot gave no usable answer: {code}: {reason}."""

    again = True

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"{code}: {reason}")


class BotUnreachable(BotError):
    """No connection to the bot, or it broke before the answer was complete."""


class BotTooSlow(BotError):
    """The bot did not answer within the deadline."""


class BotRefused(BotError):
    """The bot refuses this request; the same request again would be refused again."""

    again = False


class BotFailed(BotError):
    """The bot failed, or answered something that is no turn result."""


class RasaClient:
    """Sends turns to one bot address; use as an async context manager or call `close`."""

    def __init__(self, bot_url: str, secret: str, *, connections: int = 64) -> None:
        self._url = bot_url.rstrip("/") + PATH
        self._health = bot_url.rstrip("/") + "/webhooks/jiehua/health"
        self._headers = {SECRET_HEADER: secret, "Content-Type": "application/json"}
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self._connections, keepalive_timeout=60, socket_factory=_no_delay, ttl_dns_cache=30
            )
            # No cookies, no redirects, no proxy from the environment: this is one private hop.
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        return self._session

    async def turn(self, request: TurnRequest) -> TurnResult:
        """One attempt at a turn; raises a BotError."""
        limit = aiohttp.ClientTimeout(total=(request.deadline_ms + GRACE_MS) / 1000)
        try:
            async with self._opened().post(
                self._url,
                data=dumps(request).encode("utf-8", "replace"),
                headers=self._headers,
                timeout=limit,
                allow_redirects=False,
            ) as response:
                body = await response.content.read(MAX_ANSWER_BYTES + 1)
                if len(body) > MAX_ANSWER_BYTES:
                    raise BotFailed("answer_too_long", f"more than {MAX_ANSWER_BYTES} bytes")
                return _result(response.status, body)
        except TimeoutError as error:
            raise BotTooSlow("deadline", f"no answer within {request.deadline_ms} ms") from error
        except (aiohttp.ClientError, OSError) as error:
            raise BotUnreachable("unreachable", f"{type(error).__name__}: {self._url}") from error

    async def healthy(self, *, timeout_s: float = 2.0) -> bool:
        """Whether the bot says that it can answer."""
        try:
            async with self._opened().get(self._health, timeout=aiohttp.ClientTimeout(total=timeout_s)) as response:
                return response.status == 200
        except (aiohttp.ClientError, OSError, asyncio.TimeoutError):
            return False


def _result(status: int, body: bytes) -> TurnResult:
    if status == 200:
        try:
            result = loads(TurnResult, body)
        except ContractError as error:
            raise BotFailed("bad_answer", str(error)) from error
        if not result.messages and result.escalation is None:
            raise BotFailed("empty_answer", "neither a message nor an escalation")
        return result
    try:
        failure = loads(TurnFailure, body)
    except ContractError:
        failure = TurnFailure(error=f"http_{status}", reason="no TurnFailure in the body")
    if 400 <= status < 500:
        raise BotRefused(failure.error, failure.reason)
    raise BotFailed(failure.error, failure.reason)


def _no_delay(address: tuple) -> socket.socket:  # type: ignore[type-arg]
    """A socket that sends small requests at once (Nagle off) and does not block."""
    family, kind, protocol, _, _ = address
    made = socket.socket(family=family, type=kind, proto=protocol)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setblocking(False)
    return made
