"""How Rasa calls the action server: one open connection, a deadline, and a failure that is not forgotten.

Rasa opens a connection for every call, waits up to 300 seconds, sends the whole domain each time, and when the call
fails goes on as if nothing had happened. Here a failed call is noted for the turn, and the turn fails with it.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import os
from typing import Any

import aiohttp
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

#: The action server's own deadline is two seconds; this one is for a server that does not even answer so.
TIMEOUT_SECONDS = 2.5
#: Errors of the action calls of the running turn; set by `bot.turn`.
failures: contextvars.ContextVar[list[str] | None] = contextvars.ContextVar("failures", default=None)


class ActionEndpoint(EndpointConfig):
    """The `action_endpoint` of endpoints.yml with a connection that is kept open."""

    def __init__(self, url: str, secret: str) -> None:
        super().__init__(url)
        self._secret = secret
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self,
        method: str = "post",
        subpath: str | None = None,
        content_type: str | None = "application/json",
        compress: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Call the action server with Rasa's body, without what our actions do not read.

        Raises aiohttp.ClientError (ClientResponseError of status 400: the action declined to run, no failure).
        """
        body = trimmed(kwargs.get("json") or {})
        try:
            async with self._open().post(
                self.url,
                data=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
                headers={"Content-Type": "application/json", "X-Jiehua-Secret": self._secret},
            ) as response:
                content = await response.read()
                if response.status == 400:
                    raise ClientResponseError(
                        response.status, response.reason or "", content.decode("utf-8", "replace")
                    )
                if response.status != 200:
                    self._note(f"{body.get('next_action')}: status {response.status}")
                    raise ClientResponseError(response.status, response.reason or "", "")
                return json.loads(content)
        except (aiohttp.ClientConnectionError, asyncio.TimeoutError, OSError) as error:
            self._note(f"{body.get('next_action')}: {type(error).__name__}: {error}".rstrip(": "))
            raise aiohttp.ClientConnectionError(str(error)) from error
        except ValueError as error:
            self._note(f"{body.get('next_action')}: not JSON: {error}")
            raise aiohttp.ClientPayloadError(str(error)) from error

    async def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS))
        return self._session

    @staticmethod
    def _note(failure: str) -> None:
        noted = failures.get()
        if noted is not None:
            noted.append(failure)


def trimmed(body: dict[str, Any]) -> dict[str, Any]:
    """Rasa's call without the domain, and with the bot's utterances as the only events: our actions read no others."""
    tracker = body.get("tracker") or {}
    events = [event for event in tracker.get("events") or () if event.get("event") == "bot"]
    return {**body, "domain": {}, "tracker": {**tracker, "events": events}}


def secret() -> str:
    """The secret that the gateway shares with the bot and the bot with the action server (JIEHUA_BOT_SECRET)."""
    return os.environ.get("JIEHUA_BOT_SECRET", "")
