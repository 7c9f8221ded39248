"""Calls a person: asked before every answer and after it, above all rules and forms.

The decision is `handoff.triggers`; this policy only turns it into Rasa's terms. The hand-over is an utterance with the
escalation in its metadata, no custom action: a customer who asks for a person gets one even when the action server is
down. Nothing here writes to the handoff engine; the turn's result carries the escalation, and whoever finishes the
turn commits it together with the replies.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from rasa.core.policies.policy import Policy, PolicyPrediction, SupportedData
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.constants import ACTION_LISTEN_NAME, REQUESTED_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, Event, SlotSet, UserUttered
from rasa.shared.core.generator import TrackerWithCachedStates
from rasa.shared.core.trackers import DialogueStateTracker

from bot.paths import from_environment
from bot.signals import HAND_OVER, turn_signals
from bot.triggers_now import triggers_now
from contracts.codec import encode
from contracts.escalation import Escalation
from handoff.triggers import DEFAULT_POLICY, TriggerPolicy, after_answer, before_answer

logger = logging.getLogger(__name__)

ESCALATION = "escalation"
ALREADY_WAITING = "utter_already_waiting"
#: Above RulePolicy, whose priority Rasa fixes at 4.
PRIORITY = 6
_ON_THE_WAY = frozenset({"waiting", "offered"})


def triggers_file() -> Path:
    """The file of thresholds and words (JIEHUA_TRIGGERS)."""
    return from_environment("JIEHUA_TRIGGERS", str(DEFAULT_POLICY))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class EscalationPolicy(Policy):
    """Predicts `utter_hand_over_<reason>` when a person is due, and nothing otherwise.

    While the customer already waits it never calls again; asked once more, it tells them that they wait.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Defaults."""
        return {"priority": PRIORITY}

    @staticmethod
    def supported_data() -> SupportedData:
        """Rules or stories: it learns from neither."""
        return SupportedData.ML_AND_RULE_DATA

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        triggers: TriggerPolicy | None = None,
    ) -> None:
        super().__init__(config, model_storage, resource, execution_context)
        self._triggers = triggers or TriggerPolicy.from_yaml(triggers_file())

    def train(self, training_trackers: list[TrackerWithCachedStates], domain: Domain, **kwargs: Any) -> Resource:
        """Nothing to learn."""
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> EscalationPolicy:
        """Create it with the words and thresholds of today; they are not part of the trained model."""
        return cls(config, model_storage, resource, execution_context)

    def predict_action_probabilities(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        rule_only_data: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> PolicyPrediction:
        """Whether a person is due now. A failure abstains: the rules go on without it."""
        try:
            action, escalation = self._decide(tracker)
        except Exception:
            logger.exception("The triggers could not be asked; the turn goes on without them.")
            action, escalation = "", None
        if not action:
            return self._prediction(self._default_predictions(domain))
        if action != ACTION_LISTEN_NAME and action not in domain.action_names_or_texts:
            action = HAND_OVER
        left = tracker.active_loop_name and action != ACTION_LISTEN_NAME
        return PolicyPrediction(
            PolicyPrediction.for_action_name(domain, action).probabilities,
            self.__class__.__name__,
            self.priority,
            # Called by a form's customer, the form must not go on asking.
            optional_events=[ActiveLoop(None), SlotSet(REQUESTED_SLOT, None)] if left else [],
            is_no_user_prediction=True,
            action_metadata={ESCALATION: encode(escalation)} if escalation is not None else None,
        )

    def _decide(self, tracker: DialogueStateTracker) -> tuple[str, Escalation | None]:
        """The action to take and why, or ("", None) to leave it to the rules."""
        said, done = _this_turn(tracker)
        if said is None:
            return "", None
        if done and (done[-1].startswith(HAND_OVER) or done[-1] == ALREADY_WAITING):
            return ACTION_LISTEN_NAME, None
        metadata = said.metadata or {}
        triggers = triggers_now(self._triggers)
        vip = bool(metadata.get("vip"))
        history = turn_signals(tracker.events)
        if metadata.get("case_state") in _ON_THE_WAY:
            if not done and said.intent_name == "request_human":
                return ALREADY_WAITING, None
            return "", None
        if not done:
            due = before_answer(history, triggers, vip=vip)
        else:
            due = after_answer(history, triggers, vip=vip)
            if due is None and history and history[-1].outcome == "answer":
                # Which entry answered tells a repetition that the words alone did not: hence asked once more.
                due = before_answer(history, triggers, vip=vip)
        return (f"{HAND_OVER}_{due.reason.value}", due) if due is not None else ("", None)


def _this_turn(tracker: DialogueStateTracker) -> tuple[UserUttered | None, list[str]]:
    """The customer's message of this turn, and the names of the actions taken since."""
    done: list[str] = []
    event: Event
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            return event, done[::-1]
        if isinstance(event, ActionExecuted) and event.action_name:
            done.append(event.action_name)
    return None, []
