"""People's skills 技能: in which groups an agent works, how well, and how many cases they may hold at once.

Who is not named here has the groups and the capacity of their account, each group at level 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from handoff.config.groups import LEVELS
from handoff.config.reading import Reader

MOST_CAP = 100
MOST_GROUPS = 50


@dataclass(frozen=True)
class Skill:
    """One agent's levels by group, and their own capacity."""

    groups: Mapping[str, int]
    cap: int


@dataclass(frozen=True)
class Skills:
    """The skills of those who are named."""

    agents: Mapping[str, Skill] = field(default_factory=dict)

    def of(self, agent_id: str, groups: tuple[str, ...], cap: int) -> Skill:
        """The skill of an agent whose account has these groups and this capacity."""
        return self.agents.get(agent_id) or Skill(dict.fromkeys(groups, 1), cap)


def read(document: Reader) -> Skills:
    """{"agents": {NAME: {"groups": {GROUP: LEVEL}, "cap": N}}}."""
    found = {}
    for name, one in document.fields("agents", needed=("agents",)).get("agents", Reader({})).mapping():
        Reader(name, one.path, one.problems).name()
        given = one.fields("groups", "cap", needed=("groups", "cap"))
        if len(given) < 2:
            continue
        groups = {}
        for group, level in given["groups"].mapping():
            Reader(group, level.path, level.problems).name()
            groups[group] = level.whole(1, LEVELS)
        if not groups:
            given["groups"].wrong("至少要有一个技能组。")
        elif len(groups) > MOST_GROUPS:
            given["groups"].wrong(f"最多 {MOST_GROUPS} 个技能组。")
        found[name] = Skill(groups, given["cap"].whole(0, MOST_CAP))
    return Skills(found)


def write(skills: Skills) -> dict[str, Any]:
    """The document of these skills."""
    return {"agents": {name: {"groups": dict(one.groups), "cap": one.cap} for name, one in skills.agents.items()}}
