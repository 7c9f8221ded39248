"""What every action shares: a deadline, and failures that are told instead of hidden."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

logger = logging.getLogger(__name__)

#: An answer later than this is no use in a chat; Rasa itself would wait for 300 seconds.
DEADLINE_SECONDS = 2.0

Events = list[dict[str, Any]]


class ActionFailure(Exception):
    """The action {name} failed: {error type}. The server turns it into a 500, and the turn counts as failed."""

    def __init__(self, action: str, error: str) -> None:
        super().__init__(f"{action}: {error}")
        self.action = action
        self.error = error


class GuardedAction(Action):
    """An action whose `act` has a deadline; whatever it raises becomes an `ActionFailure`."""

    deadline_seconds = DEADLINE_SECONDS

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Do it: say things through `dispatcher`, return Rasa events."""
        raise NotImplementedError

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        """Called by the executor; `domain` is always empty here (see bot/action_endpoint.py)."""
        try:
            return await asyncio.wait_for(self.act(dispatcher, tracker), self.deadline_seconds)
        except TimeoutError as error:
            logger.error("%s took longer than %s s", self.name(), self.deadline_seconds)
            raise ActionFailure(self.name(), "deadline") from error
        except Exception as error:
            # The traceback names code, never the customer's words.
            logger.exception("%s failed", self.name())
            raise ActionFailure(self.name(), type(error).__name__) from error
