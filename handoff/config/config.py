"""All settings together, as the engine uses them, and the table of their kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from handoff.config import entrances, groups, hours, priorities, skills, targets, thresholds
from handoff.config.entrances import Entrances
from handoff.config.groups import Groups
from handoff.config.hours import Hours
from handoff.config.priorities import Priorities
from handoff.config.reading import BadDocument, Problem, Reader, read
from handoff.config.skills import Skills
from handoff.config.targets import Targets
from handoff.config.thresholds import Thresholds


@dataclass(frozen=True)
class Config:
    """The settings in force; each field is the kind of that name, and its default is how a new installation behaves."""

    groups: Groups = field(default_factory=Groups)
    skills: Skills = field(default_factory=Skills)
    priorities: Priorities = field(default_factory=Priorities)
    calendar: Hours = field(default_factory=Hours)
    entrances: Entrances = field(default_factory=Entrances)
    targets: Targets = field(default_factory=Targets)
    triggers: Thresholds = field(default_factory=Thresholds)


@dataclass(frozen=True)
class Kind:
    """One kind of document: its title, how it is read, and how it is written in full."""

    title: str
    read: Callable[[Reader], Any]
    write: Callable[[Any], dict[str, Any]]


KINDS: Mapping[str, Kind] = {
    "groups": Kind("技能组", groups.read, groups.write),
    "skills": Kind("人员技能", skills.read, skills.write),
    "priorities": Kind("优先级", priorities.read, priorities.write),
    "calendar": Kind("营业时间", hours.read, hours.write),
    "entrances": Kind("接入渠道", entrances.read, entrances.write),
    "targets": Kind("服务目标", targets.read, targets.write),
    "triggers": Kind("转人工触发", thresholds.read, thresholds.write),
}


def document_of(config: Config, kind: str) -> dict[str, Any]:
    """The document of one kind, in full."""
    return KINDS[kind].write(getattr(config, kind))


def with_document(config: Config, kind: str, document: Any) -> Config:
    """The settings with one document in the place of the one in force; raises BadDocument."""
    value = read(document, KINDS[kind].read)
    after = replace(config, **{kind: value})
    strangers = _strangers(after)
    if kind == "groups":
        removed = config.groups.known.keys() - after.groups.known.keys()
        problems = [Problem("groups", f"不能去掉：{said}") for _, group, _, said in strangers if group in removed]
    else:
        problems = [Problem(where, f"没有{said}") for named_by, _, where, said in strangers if named_by == kind]
    if problems:
        raise BadDocument(problems)
    return after


def _strangers(config: Config) -> list[tuple[str, str, str, str]]:
    """Groups that are named and are not there: (kind, group, field, who names it)."""
    named: list[tuple[str, str, str, str]] = []
    for agent, skill in config.skills.agents.items():
        named += [("skills", one, f"agents.{agent}.groups.{one}", f"人员 {agent} 的技能组") for one in skill.groups]
    for reason, priority in config.priorities.reasons.items():
        named.append(("priorities", priority.group, f"reasons.{reason.value}.group", f"原因 {reason.value} 的技能组"))
    for channel, entrance in config.entrances.known.items():
        named.append(("entrances", entrance.group, f"entrances.{channel}.group", f"渠道 {channel} 的技能组"))
    for number, rule in enumerate(config.targets.rules):
        named.append(("targets", rule.group, f"rules[{number}].group", f"第 {number + 1} 条服务目标的技能组"))
    return [
        (kind, group, where, f"{whose}「{group}」。")
        for kind, group, where, whose in named
        if group and group not in config.groups.known
    ]
