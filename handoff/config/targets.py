"""Service targets 服务目标: how soon a person answers and a case is done, in business time.

A rule is for a group, a priority class, or both; the most specific one that fits holds, else `standard`. A breach is
told of twice: at the deadline, and before it, when `warn_percent` of the time has passed (100: not before).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handoff.config.reading import Reader

LONGEST_S = 90 * 24 * 3600
MOST_RULES = 100
MOST_PRIORITY = 9


@dataclass(frozen=True)
class Target:
    """Seconds of business time: to the first answer, to each further one, and to the end of the case (0: no target)."""

    first_s: int = 60
    next_s: int = 180
    resolution_s: int = 0


@dataclass(frozen=True)
class Rule:
    """A target for a group ("": any) and a priority class (None: any)."""

    target: Target
    group: str = ""
    priority: int | None = None


@dataclass(frozen=True)
class Targets:
    """All targets; `of` picks one."""

    standard: Target = Target()
    rules: tuple[Rule, ...] = ()
    warn_percent: int = 80

    def of(self, group: str, priority: int) -> Target:
        """The target of a case: by group and class, by group, by class, or the standard one."""
        for wanted in ((group, priority), (group, None), ("", priority)):
            for rule in self.rules:
                if (rule.group, rule.priority) == wanted:
                    return rule.target
        return self.standard


def read(document: Reader) -> Targets:
    """{"standard": {"first_s", "next_s", "resolution_s"}, "rules": [{"group", "priority", …}], "warn_percent"}."""
    given = document.fields("standard", "rules", "warn_percent", needed=("standard",))
    rules: list[Rule] = []
    for one in given["rules"].items() if "rules" in given else ():
        parts = one.fields("group", "priority", "first_s", "next_s", "resolution_s", needed=("first_s", "next_s"))
        group = parts["group"].name() if "group" in parts and parts["group"].value != "" else ""
        no_class = "priority" not in parts or parts["priority"].value is None
        priority = None if no_class else parts["priority"].whole(0, MOST_PRIORITY)
        if not group and priority is None:
            one.wrong("请写明是哪个组（group）或哪个优先级（priority）的目标。")
        if any((group, priority) == (rule.group, rule.priority) for rule in rules):
            one.wrong("同一个组和优先级只能有一条。")
        rules.append(Rule(_target(parts), group, priority))
    if len(rules) > MOST_RULES:
        given["rules"].wrong(f"最多 {MOST_RULES} 条。")
    standard = Target()
    if "standard" in given:
        needed = ("first_s", "next_s")
        standard = _target(given["standard"].fields("first_s", "next_s", "resolution_s", needed=needed))
    warn = given["warn_percent"].whole(1, 100) if "warn_percent" in given else Targets.warn_percent
    return Targets(standard, tuple(rules), warn)


def _target(parts: Mapping[str, Reader]) -> Target:
    standard = Target()
    return Target(
        first_s=parts["first_s"].whole(1, LONGEST_S) if "first_s" in parts else standard.first_s,
        next_s=parts["next_s"].whole(1, LONGEST_S) if "next_s" in parts else standard.next_s,
        resolution_s=parts["resolution_s"].whole(0, LONGEST_S) if "resolution_s" in parts else 0,
    )


def write(targets: Targets) -> dict[str, Any]:
    """The document of these targets."""
    return {
        "standard": _document(targets.standard),
        "rules": _rules(targets.rules),
        "warn_percent": targets.warn_percent,
    }


def _rules(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    return [{"group": one.group, "priority": one.priority, **_document(one.target)} for one in rules]


def _document(target: Target) -> dict[str, Any]:
    return {"first_s": target.first_s, "next_s": target.next_s, "resolution_s": target.resolution_s}
