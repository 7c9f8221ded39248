"""Say the last thing again."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.guarded import Events, GuardedAction
from actions.said import last_words, say
from contracts.turn import BotMessage

NOTHING_SAID = "前面我还没有回答过什么，您想问哪方面的问题？"


class Repeat(GuardedAction):
    """Rasa action `action_repeat`."""

    def name(self) -> str:
        """The action's name in domain.yml."""
        return "action_repeat"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Repeat the texts of the last utterance."""
        words = last_words(tracker) or (NOTHING_SAID,)
        say(dispatcher, [BotMessage(text) for text in words], outcome="chat")
        return []
