"""The triggers of the turn that is running: the bot's own file with what the shop has set laid over it.

The turn carries what is set, so a change holds from the next turn on and no store is asked. It is kept out of the
message's metadata, which Rasa would store with every turn.
"""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from handoff.config import thresholds
from handoff.config.reading import BadDocument, read
from handoff.config.thresholds import Thresholds
from handoff.triggers import TriggerPolicy

logger = logging.getLogger(__name__)

laid_over: ContextVar[dict[str, Any]] = ContextVar("laid_over", default={})  # noqa: B039 (never changed in place)


def triggers_now(own: TriggerPolicy) -> TriggerPolicy:
    """The policy for the turn that is running."""
    document = laid_over.get()
    return _over(own, json.dumps(document, sort_keys=True)) if document else own


@lru_cache(maxsize=8)
def _parsed(document: str) -> Thresholds:
    try:
        return read(json.loads(document), thresholds.read)
    except BadDocument as error:  # of a newer gateway: better the file alone than no answer
        logger.error("The triggers that were set cannot be used: %s", error)
        return Thresholds()


_made: dict[str, tuple[TriggerPolicy, TriggerPolicy]] = {}


def _over(own: TriggerPolicy, document: str) -> TriggerPolicy:
    known = _made.get(document)
    if known is None or known[0] is not own:
        _made.clear()  # one set of rules is in force at a time
        known = _made[document] = (own, _parsed(document).over(own))
    return known[1]
