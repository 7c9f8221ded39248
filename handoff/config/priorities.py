"""Priority classes 优先级: how urgent each reason for a person is, and which group answers it.

The head start is taken off the moment at which a case joins its line, so a grave case overtakes those who came up to
that much earlier, and nobody is overtaken for ever: that is the ageing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.escalation import Reason
from handoff.config.reading import Reader

MOST_CLASS = 9
LONGEST_S = 24 * 3600
VIP_CLASS = 2


@dataclass(frozen=True)
class Priority:
    """The class of a reason (0 is the least urgent), its head start, and its group ("": that of the entry point)."""

    level: int = 0
    head_start_s: int = 0
    group: str = ""


GRAVE, ANGRY, STUCK = Priority(3, 15 * 60), Priority(2, 8 * 60), Priority(1, 3 * 60)
STANDARD: Mapping[Reason, Priority] = {
    Reason.SENSITIVE: GRAVE,
    Reason.THREAT: GRAVE,
    Reason.ANGER: ANGRY,
    Reason.SUPERVISOR: ANGRY,
    Reason.REPEATED_FAILURE: STUCK,
    Reason.REPEATED_QUESTION: STUCK,
    Reason.BOT_UNAVAILABLE: STUCK,
}


@dataclass(frozen=True)
class Priorities:
    """The priority of each reason; `vip_head_start_s` is added for VIP customers, who are of class 2 at least."""

    reasons: Mapping[Reason, Priority] = field(default_factory=lambda: STANDARD)
    vip_head_start_s: int = 10 * 60

    def of(self, reason: Reason) -> Priority:
        """The priority of a reason."""
        return self.reasons.get(reason, Priority())


def read(document: Reader) -> Priorities:
    """{"reasons": {REASON: {"class", "head_start_s", "group"}}, "vip_head_start_s"}."""
    given = document.fields("reasons", "vip_head_start_s", needed=("reasons",))
    known = {reason.value: reason for reason in Reason}
    found = {}
    for name, one in given["reasons"].mapping() if "reasons" in given else ():
        if name not in known:
            one.wrong(f"没有这种转人工原因；有 {'、'.join(known)}。")
            continue
        parts = one.fields("class", "head_start_s", "group", needed=("class",))
        found[known[name]] = Priority(
            level=parts["class"].whole(0, MOST_CLASS) if "class" in parts else 0,
            head_start_s=parts["head_start_s"].whole(0, LONGEST_S) if "head_start_s" in parts else 0,
            group=parts["group"].name() if "group" in parts and parts["group"].value != "" else "",
        )
    vip = given["vip_head_start_s"].whole(0, LONGEST_S) if "vip_head_start_s" in given else Priorities.vip_head_start_s
    return Priorities({reason: one for reason, one in found.items() if one != Priority()}, vip)


def write(priorities: Priorities) -> dict[str, Any]:
    """The document of these priorities; every reason is named."""
    return {
        "reasons": {
            reason.value: {"class": one.level, "head_start_s": one.head_start_s, "group": one.group}
            for reason in Reason
            for one in (priorities.of(reason),)
        },
        "vip_head_start_s": priorities.vip_head_start_s,
    }
