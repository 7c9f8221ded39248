"""The action server's three routes.

rasa-sdk's own server answers an error with the whole request, which holds the conversation, and allows every origin;
this one does neither. It listens on loopback and asks for the secret that it shares with the bot.
"""

from __future__ import annotations

import hmac
import json
import logging
from typing import Any, Protocol

from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException
from sanic import Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

from actions.guarded import ActionFailure

logger = logging.getLogger(__name__)

SECRET_HEADER = "X-Jiehua-Secret"  # noqa: S105 (the header's name)
_LARGEST_BODY = 4 * 1024 * 1024


class Served(Protocol):
    """What /health and /version tell of the knowledge base."""

    @property
    def version(self) -> str:
        """Id of the version that serves."""

    @property
    def entries(self) -> int:
        """How many entries it has."""

    @property
    def stale(self) -> bool:
        """Whether the files hold an error that keeps them from being served."""


def build_app(executor: ActionExecutor, served: Served, secret: str, name: str = "jiehua_actions") -> Sanic:
    """The ASGI-less Sanic app over `executor`."""
    app = Sanic(name, configure_logging=False)
    app.config.REQUEST_MAX_SIZE = _LARGEST_BODY
    app.config.KEEP_ALIVE_TIMEOUT = 75
    app.config.FALLBACK_ERROR_FORMAT = "json"

    @app.get("/health")
    async def health(_: Request) -> HTTPResponse:
        return response.json({"status": "ok", "entries": served.entries, "stale": served.stale})

    @app.get("/version")
    async def version(_: Request) -> HTTPResponse:
        return response.json({"version": served.version})

    @app.post("/webhook")
    async def webhook(request: Request) -> HTTPResponse:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), secret.encode()):
            return _error(401, "unauthorised")
        try:
            call: Any = json.loads(request.body)
            name = call["next_action"]
            tracker = call["tracker"]
        except (ValueError, KeyError, TypeError):
            return _error(422, "bad_request")
        if not isinstance(name, str) or not isinstance(tracker, dict):
            return _error(422, "bad_request")
        try:
            result = await executor.run(call)
        except ActionExecutionRejection as rejection:  # part of Rasa's protocol: the action declines to run
            return response.json({"error": "rejected", "action_name": rejection.action_name}, status=400)
        except ActionNotFoundException:
            return _error(404, "no_such_action", name)
        except ActionFailure as failure:
            return _error(500, failure.error, failure.action)
        except Exception:
            logger.exception("a call could not be served")
            return _error(500, "internal", name)
        return response.json(result.model_dump() if result else None, ensure_ascii=False, dumps=json.dumps)

    return app


def _error(status: int, error: str, action: str = "") -> HTTPResponse:
    """An error that names the action and nothing of the conversation."""
    return response.json({"error": error, "action_name": action}, status=status)
