"""The one way into the bot: POST /webhooks/jiehua/turn, which fails loudly.

A 200 always carries a `TurnResult`. Everything else is a `TurnFailure` with a status that tells the caller what to do:
400 the request is wrong, 401 the secret is, 502 the action server failed, 503 no model or no Redis, 504 too late,
500 anything else. Rasa's REST channel answers 200 and an empty list for all of these.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import InputChannel, UserMessage
from rasa.core.lock_store import LockError
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.action_endpoint import secret
from bot.redis_client import StoreUnavailable
from bot.result import SilentTurn
from bot.turn import ActionsFailed, run_turn
from contracts.codec import ContractError, dumps, loads
from contracts.turn import MAX_TEXT_CHARACTERS, TurnFailure, TurnRequest

logger = logging.getLogger(__name__)

SECRET_HEADER = "X-Jiehua-Secret"  # noqa: S105 (the header's name)
_LONGEST_ID = 200
_LONGEST_DEADLINE_MS = 60_000


class SecretMissing(Exception):
    """JIEHUA_BOT_SECRET is not set; without it anybody on this machine could speak for any customer."""


class JiehuaChannel(InputChannel):
    """Takes `contracts.turn.TurnRequest`, gives `TurnResult` or `TurnFailure`."""

    def __init__(self, shared_secret: str | None = None) -> None:
        self._secret = shared_secret if shared_secret is not None else secret()
        if not self._secret:
            raise SecretMissing("set JIEHUA_BOT_SECRET to a random value shared with the gateway")

    @classmethod
    def name(cls) -> str:
        """The channel's place below /webhooks/."""
        return "jiehua"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> JiehuaChannel:
        """Made by Rasa from credentials.yml; the secret comes from the environment alone."""
        return cls()

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The two routes; turns go through `bot.turn`, not through `on_new_message`."""
        routes = Blueprint("jiehua_channel", __name__)

        @routes.get("/health")
        async def health(request: Request) -> HTTPResponse:
            agent = getattr(request.app.ctx, "agent", None)
            if agent is None or not agent.is_ready():
                return response.json({"status": "loading"}, status=503)
            return response.json({"status": "ok", "model": agent.model_id})

        @routes.post("/turn")
        async def turn(request: Request) -> HTTPResponse:
            return await self._turn(request)

        return routes

    async def _turn(self, request: Request) -> HTTPResponse:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._secret.encode()):
            return failure(401, "unauthorised", f"the header {SECRET_HEADER} is missing or wrong")
        try:
            wanted = checked(loads(TurnRequest, request.body or b""))
        except ContractError as error:
            return failure(400, "bad_request", str(error))
        agent = getattr(request.app.ctx, "agent", None)
        if agent is None or not agent.is_ready():
            return failure(503, "no_model", "no trained model is loaded")
        try:
            result = await asyncio.wait_for(run_turn(agent, wanted), wanted.deadline_ms / 1000)
        except asyncio.TimeoutError:
            return failure(504, "deadline", f"the turn took longer than {wanted.deadline_ms} ms")
        except ActionsFailed as error:
            return failure(502, "actions_failed", str(error))
        except (StoreUnavailable, LockError) as error:
            return failure(503, "store_unavailable", str(error))
        except SilentTurn as error:
            return failure(500, "silent", f"nothing was said; actions: {error or 'none'}")
        except Exception as error:
            # The traceback goes to the log; the customer's words are not in it, only the program's.
            logger.exception("A turn failed.")
            return failure(500, "turn_failed", type(error).__name__)
        return response.raw(dumps(result).encode(), content_type="application/json")


def checked(request: TurnRequest) -> TurnRequest:
    """The request if a turn can be made of it; raises ContractError naming the field otherwise."""
    if not request.conversation_id or len(request.conversation_id) > _LONGEST_ID:
        raise ContractError(f"TurnRequest.conversation_id: 1 to {_LONGEST_ID} characters")
    if len(request.text) > MAX_TEXT_CHARACTERS:
        raise ContractError(f"TurnRequest.text: {len(request.text)} characters, at most {MAX_TEXT_CHARACTERS}")
    if request.choice is None and not request.text.strip():
        raise ContractError("TurnRequest.text: empty")
    if request.choice is not None and not 0 < len(request.choice) <= _LONGEST_ID:
        raise ContractError(f"TurnRequest.choice: 1 to {_LONGEST_ID} characters")
    if not 0 < request.deadline_ms <= _LONGEST_DEADLINE_MS:
        raise ContractError(f"TurnRequest.deadline_ms: 1 to {_LONGEST_DEADLINE_MS}")
    return request


def failure(status: int, error: str, reason: str) -> HTTPResponse:
    """An error response with its body."""
    if status >= 500:
        logger.error("turn refused: %s: %s", error, reason)
    return response.raw(dumps(TurnFailure(error, reason)).encode(), status=status, content_type="application/json")
