"""Skill groups 技能组: how many cases a group takes at once, how soon it widens, and where its line overflows to.

An agent has a *level* in each of their groups, from 1 to LEVELS, the higher the better. A case goes to the highest
level that is ready; after every `widen_s` of waiting, the next lower one may have it too. `cap` is how many cases of
the group agents may hold at once (0: no limit but their own). An overflow rule comes into force once a case has waited
`after_s`: the case moves to another group's line with its place, or the customer is invited to leave a message, or
it is offered to named people though they are in other groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from handoff.config.reading import Reader

LEVELS = 5
MOST_CAP = 100_000
LONGEST_S = 24 * 3600
MOST_RULES = 8
TO_GROUP, TO_MESSAGE, TO_STAFF = "group", "message", "staff"
DEFAULT = "default"


@dataclass(frozen=True)
class Overflow:
    """Once a case has waited `after_s`: what happens (`to`), with the group or the agents it names."""

    after_s: int
    to: str
    group: str = ""
    agents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """One skill group; see the module."""

    name: str
    title: str = ""
    cap: int = 0
    widen_s: int = 0
    overflow: tuple[Overflow, ...] = ()


@dataclass(frozen=True)
class Groups:
    """All groups by name; one that is named nowhere is as `Group(name)` would be."""

    known: Mapping[str, Group] = field(default_factory=lambda: {DEFAULT: Group(DEFAULT, "综合")})

    def of(self, name: str) -> Group:
        """The group of this name."""
        return self.known.get(name) or Group(name)


def read(document: Reader) -> Groups:
    """{"groups": [{"name", "title", "cap", "widen_s", "overflow": [{"after_s", "to", "group" | "agents"}]}]}."""
    found: dict[str, Group] = {}
    places: list[tuple[Reader, Group]] = []
    for one in document.fields("groups", needed=("groups",)).get("groups", Reader([])).items():
        given = one.fields("name", "title", "cap", "widen_s", "overflow", needed=("name",))
        group = Group(
            name=given["name"].name() if "name" in given else "",
            title=given["title"].text(most=64) if "title" in given else "",
            cap=given["cap"].whole(0, MOST_CAP) if "cap" in given else 0,
            widen_s=given["widen_s"].whole(0, LONGEST_S) if "widen_s" in given else 0,
            overflow=_rules(given["overflow"]) if "overflow" in given else (),
        )
        if group.name in found:
            given["name"].wrong("这个组已经有了。")
        found[group.name] = group
        places.append((one, group))
    if DEFAULT not in found:
        document.wrong(f"要有一个名为 {DEFAULT} 的组：没有指定技能组的会话由它接待。")
    for one, group in places:
        if group.name in _after(group, found):
            one.wrong("溢出转了一圈又回到这个组。")
        for rule in group.overflow:
            if rule.to == TO_GROUP and rule.group not in found:
                one.wrong(f"溢出到的组「{rule.group}」不存在。")
    return Groups(found)


def _after(group: Group, known: Mapping[str, Group]) -> list[str]:
    """The groups a case overflows to from here, one after the other, until one comes again."""
    names: list[str] = []
    while group.overflow and group.overflow[-1].to == TO_GROUP and group.overflow[-1].group in known:
        group = known[group.overflow[-1].group]
        if group.name in names:
            break
        names.append(group.name)
    return names


def _rules(value: Reader) -> tuple[Overflow, ...]:
    rules: list[Overflow] = []
    for one in value.items():
        given = one.fields("after_s", "to", "group", "agents", needed=("after_s", "to"))
        if not {"after_s", "to"} <= given.keys():
            continue
        to = given["to"].one_of((TO_GROUP, TO_MESSAGE, TO_STAFF))
        group = given["group"].name() if "group" in given else ""
        agents = tuple(agent.name() for agent in given["agents"].items()) if "agents" in given else ()
        if to == TO_GROUP and not group:
            one.wrong("请写明溢出到哪个组（group）。")
        if to == TO_STAFF and not agents:
            one.wrong("请写明应急人员（agents）。")
        rules.append(Overflow(given["after_s"].whole(1, LONGEST_S), to, group, agents))
    if len(rules) > MOST_RULES:
        value.wrong(f"一个组最多 {MOST_RULES} 条溢出规则。")
    if [rule.after_s for rule in rules] != sorted({rule.after_s for rule in rules}):
        value.wrong("溢出规则按等待时间从短到长排列，时间各不相同。")
    if any(rule.to == TO_GROUP for rule in rules[:-1]):
        value.wrong("转到别的组只能是最后一条：之后按那个组的规则来。")
    return tuple(rules)


def write(groups: Groups) -> dict[str, Any]:
    """The document of these groups."""
    return {
        "groups": [
            {
                "name": one.name,
                "title": one.title,
                "cap": one.cap,
                "widen_s": one.widen_s,
                "overflow": [_rule(rule) for rule in one.overflow],
            }
            for one in groups.known.values()
        ]
    }


def _rule(rule: Overflow) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    if rule.to == TO_GROUP:
        extra["group"] = rule.group
    elif rule.to == TO_STAFF:
        extra["agents"] = list(rule.agents)
    return {"after_s": rule.after_s, "to": rule.to, **extra}
