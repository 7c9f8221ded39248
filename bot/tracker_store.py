"""Rasa trackers on Redis at a flat cost a turn: append what was said, load only the last turns.

Two keys a bot session: a list with one element a turn (what customer and bot said, thinned to what later turns need)
and the state after the last turn (slots, active form). Loading replays the state and the last turns, so turn 200
costs what turn 13 costs; Rasa's own stores read, replay and write every event of the session at each turn. The
conversation's log belongs to the handoff engine; nothing here is its record.

Without Redis it raises. An empty tracker in place of the real one would make the bot forget a conversation silently.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import redis
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, REQUESTED_SLOT, SESSION_START_METADATA_SLOT
from rasa.shared.core.events import ActionExecuted, ActiveLoop, BotUttered, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.redis_client import StoreUnavailable, connect, key

#: Turns that a loaded tracker knows: as many as a trigger looks back.
LOADED_TURNS = 12
#: Turns kept; the rest is in the conversation's log.
KEPT_TURNS = 50
LIFETIME_SECONDS = 7 * 24 * 3600

_PARSED = ("intent", "intent_ranking", "sentiment", "repeat")
_NOT_KEPT_SLOTS = (SESSION_START_METADATA_SLOT, REQUESTED_SLOT)


class RedisTrackers(TrackerStore):
    """Tracker store for endpoints.yml: `type: bot.tracker_store.RedisTrackers`, `url: ${JIEHUA_REDIS_URL}`."""

    def __init__(self, domain: Any = None, event_broker: Any = None, url: str = "", host: str = "", **_: Any) -> None:
        super().__init__(domain, event_broker)
        self._redis = connect(url or host)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The tracker with the last turns, or None for a new session; raises StoreUnavailable."""
        try:
            pipe = self._redis.pipeline(transaction=False)
            pipe.lrange(key("turns", sender_id), -LOADED_TURNS, -1)
            pipe.get(key("state", sender_id))
            turns, state = pipe.execute()
        except redis.RedisError as error:
            raise StoreUnavailable(f"reading the tracker of {sender_id!r}: {error}") from error
        if not turns and state is None:
            return None
        tracker = self.init_tracker(sender_id)
        for event in _replayed([json.loads(turn) for turn in turns], json.loads(state or "{}")):
            tracker.update(event)
        _mark_loaded(tracker)
        return tracker

    async def retrieve_full_tracker(self, conversation_id: str) -> DialogueStateTracker | None:
        """The same: this store keeps what later turns need, not the whole past."""
        return await self.retrieve(conversation_id)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Append what was said since the tracker was loaded, and the state; raises StoreUnavailable."""
        new = list(tracker.events)[getattr(tracker, "loaded_events", 0) :]
        turn = thinned(new)
        if not turn:
            return
        sender = tracker.sender_id
        try:
            pipe = self._redis.pipeline(transaction=True)
            pipe.rpush(key("turns", sender), _compact(turn))
            pipe.ltrim(key("turns", sender), -KEPT_TURNS, -1)
            pipe.expire(key("turns", sender), LIFETIME_SECONDS)
            pipe.set(key("state", sender), _compact(state_of(tracker)), ex=LIFETIME_SECONDS)
            pipe.execute()
        except redis.RedisError as error:
            raise StoreUnavailable(f"saving the tracker of {sender!r}: {error}") from error
        _mark_loaded(tracker)

    async def keys(self) -> Iterable[str]:
        """The sessions that are kept (scans; for tools, not for turns)."""
        prefix = key("state", "")
        return [name[len(prefix) :] for name in self._redis.scan_iter(match=prefix.replace("[", "\\[") + "*")]


def thinned(events: Iterable[Event]) -> list[dict[str, Any]]:
    """What customer and bot said among `events`, without what no later turn reads."""
    kept: list[dict[str, Any]] = []
    for event in events:
        if isinstance(event, UserUttered):
            parsed = {name: event.parse_data[name] for name in _PARSED if event.parse_data.get(name) is not None}
            if "intent_ranking" in parsed:
                parsed["intent_ranking"] = parsed["intent_ranking"][:2]
            kept.append(
                {
                    "user": event.text,
                    "at": event.timestamp,
                    "parsed": parsed,
                    "metadata": {k: v for k, v in event.metadata.items() if k in ("seq", "text", "case_state")},
                }
            )
        elif isinstance(event, BotUttered):
            ours = ((event.data or {}).get("custom") or {}).get("jiehua")
            utterance: dict[str, Any] = {"bot": event.text, "at": event.timestamp}
            if ours is not None:
                utterance["jiehua"] = {
                    "outcome": ours.get("outcome", "none"),
                    "entry_id": ours.get("entry_id", ""),
                    "escalate": ours.get("escalate", False),
                    "noted": ours.get("noted", False),
                    "messages": [{"text": said.get("text", "")} for said in ours.get("messages", ())],
                }
            elif event.metadata.get("utter_action"):
                utterance["action"] = event.metadata["utter_action"]
            kept.append(utterance)
    return kept


def state_of(tracker: DialogueStateTracker) -> dict[str, Any]:
    """Slots that differ from their initial value, and the form that waits for an answer."""
    slots = {
        name: slot.value
        for name, slot in tracker.slots.items()
        if name not in _NOT_KEPT_SLOTS and slot.value != slot.initial_value
    }
    state: dict[str, Any] = {"slots": slots}
    # A form that was interrupted sleeps until its own intent wakes it; Rasa keeps that only in the past events.
    if tracker.active_loop is not None and tracker.active_loop.name and not tracker.active_loop.rejected:
        state["form"] = tracker.active_loop.name
        state["requested"] = tracker.get_slot(REQUESTED_SLOT)
    return state


def _replayed(turns: list[list[dict[str, Any]]], state: dict[str, Any]) -> Iterable[Event]:
    for name, value in state.get("slots", {}).items():
        yield SlotSet(name, value)
    for turn in turns:
        for said in turn:
            if "user" in said:
                parsed = said.get("parsed", {})
                yield UserUttered(
                    said["user"], parsed.get("intent"), [], dict(parsed), said.get("at"), metadata=said.get("metadata")
                )
            else:
                data = {"custom": {"jiehua": said["jiehua"]}} if "jiehua" in said else {}
                metadata = {"utter_action": said["action"]} if "action" in said else None
                yield BotUttered(said.get("bot"), data, metadata, said.get("at"))
    if state.get("form"):
        yield ActiveLoop(state["form"])
        yield SlotSet(REQUESTED_SLOT, state.get("requested"))
    yield ActionExecuted(ACTION_LISTEN_NAME)


def _mark_loaded(tracker: DialogueStateTracker) -> None:
    """Remember on the tracker how many of its events are already stored."""
    tracker.loaded_events = len(tracker.events)  # type: ignore[attr-defined]


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
