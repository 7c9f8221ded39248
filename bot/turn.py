"""One turn through Rasa, without the parts of Rasa that hide failures.

Rasa's own `handle_message` logs an action that failed and goes on, and stores the half-finished turn. Here a turn
either gives its result and is stored, or raises and leaves nothing behind, so that it can be tried again.
"""

from __future__ import annotations

from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.action_endpoint import failures
from bot.result import result_of
from bot.triggers_now import laid_over
from contracts.turn import TurnRequest, TurnResult
from language.normalise import normalise

CHANNEL = "jiehua"
CHOOSE = "choose_answer"


class ActionsFailed(Exception):
    """The action server failed or did not answer: {which action}: {how}."""


def sender_of(request: TurnRequest) -> str:
    """The Rasa sender of a bot session; each return from a person starts a new one."""
    return f"{request.conversation_id}#{request.bot_session}"


async def run_turn(agent: Agent, request: TurnRequest) -> TurnResult:
    """Run one turn and store it.

    Raises ActionsFailed, StoreUnavailable, LockError, SilentTurn, or whatever the language pipeline raised.
    """
    sender = sender_of(request)
    processor = agent.processor
    channel = CollectingOutputChannel()
    noted: list[str] = []
    token = failures.set(noted)
    wanted = laid_over.set(request.triggers)
    try:
        async with agent.lock_store.lock(sender):
            # Without metadata: Rasa would make a slot of it at the start of a session.
            tracker = await processor.fetch_tracker_and_update_session(sender, channel)
            await processor._handle_message_with_tracker(user_message(request, channel), tracker)
            tracker = await processor.run_action_extract_slots(channel, tracker)
            if not noted:
                await processor._run_prediction_loop(channel, tracker)
            if noted:
                raise ActionsFailed("; ".join(noted))
            result = result_of(_events_of_turn(tracker))
            await processor.save_tracker(tracker)
            return result
    finally:
        laid_over.reset(wanted)
        failures.reset(token)


def user_message(request: TurnRequest, channel: CollectingOutputChannel) -> UserMessage:
    """The message for Rasa: normalised words to understand, the customer's own words and the turn in the metadata.

    A picked choice is an intent of its own; only this function makes it, never what a customer typed.
    """
    metadata: dict[str, Any] = {
        "seq": request.seq,
        "text": request.text,
        "channel": request.channel,
        "case_state": request.case_state,
        "outcome": request.outcome,
        "vip": request.vip,
    }
    text = readable(request.text)
    parsed = None
    if request.choice is not None:
        metadata["choice"] = request.choice
        parsed = _parsed(CHOOSE, 1.0)
    elif not text:  # zero-width characters and the like: nothing for the pipeline, but an answer is due
        parsed = _parsed(DEFAULT_NLU_FALLBACK_INTENT_NAME, 0.0)
    return UserMessage(
        text or "?",
        channel,
        sender_of(request),
        parse_data=parsed,
        input_channel=CHANNEL,
        metadata=metadata,
    )


def _parsed(intent: str, confidence: float) -> dict[str, Any]:
    """What the pipeline would have said."""
    found = {"name": intent, "confidence": confidence}
    return {"intent": found, "intent_ranking": [found], "entities": []}


def readable(text: str) -> str:
    """The customer's words as the language pipeline reads them: normalised, and never a Rasa command.

    Rasa takes a text that starts with `/` for an intent at full confidence.
    """
    return normalise(text).lstrip("/ ")


def _events_of_turn(tracker: DialogueStateTracker) -> list[Any]:
    events = list(tracker.events)
    for at in range(len(events) - 1, -1, -1):
        if isinstance(events[at], UserUttered):
            return events[at:]
    return []
