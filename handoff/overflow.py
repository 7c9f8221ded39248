"""What becomes of a case that has waited too long in its line: pure.

The rules of a group count from when the case joined its line. Each is applied once, but for the people named for an
emergency: they are asked again and again until somebody takes the case.
"""

from __future__ import annotations

from dataclasses import dataclass

from handoff.config.groups import TO_GROUP, TO_MESSAGE, TO_STAFF, Group
from handoff.model import Case

ASK_AGAIN_MS = 5_000


@dataclass(frozen=True)
class Plan:
    """What to do with one case now.

    `step` is how many rules have been applied then, `next_ms` when to look again (0: never). The case moves to
    `to_group` ("": it stays), the customer is invited to leave a message (`invite`), and `staff` are asked in this
    order. `why` is told in the log, "" when no rule has come due.
    """

    step: int
    next_ms: int
    to_group: str = ""
    invite: bool = False
    staff: tuple[str, ...] = ()
    why: str = ""


def first_ms(group: Group) -> int:
    """How long after it joined the line a case is looked at; 0 for a group without rules."""
    return group.overflow[0].after_s * 1000 if group.overflow else 0


def plan(case: Case, group: Group, now_ms: int, *, retry_ms: int) -> Plan:
    """What the rules of its group say about a case that waits.

    `retry_ms` is how long somebody who passed on it is spared it when all who are named have.
    """
    due = [rule for rule in group.overflow if case.joined_ms + rule.after_s * 1000 <= now_ms]
    fresh = due[case.overflow_step :]
    named = tuple(dict.fromkeys(agent for rule in due if rule.to == TO_STAFF for agent in rule.agents))
    willing = tuple(agent for agent in named if agent not in case.excluded)
    if not willing and now_ms - case.released_ms >= retry_ms:
        willing = named
    times = [case.joined_ms + rule.after_s * 1000 for rule in group.overflow[len(due) : len(due) + 1]]
    if named:
        times.append(now_ms + ASK_AGAIN_MS)
    return Plan(
        step=max(len(due), case.overflow_step),
        next_ms=min(times, default=0),
        to_group=next((rule.group for rule in fresh if rule.to == TO_GROUP), ""),
        invite=any(rule.to == TO_MESSAGE for rule in fresh),
        staff=willing,
        why=f"waited {(now_ms - case.joined_ms) // 1000} s in {group.name}" if fresh else "",
    )
