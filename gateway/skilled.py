"""What the settings in force make of a person's account."""

from __future__ import annotations

from dataclasses import replace

from gateway.people import Person
from handoff.config.config import Config


def skilled(person: Person, config: Config) -> Person:
    """The person with the groups, levels and capacity that the settings name for them."""
    if person.name not in config.skills.agents:
        return person
    skill = config.skills.agents[person.name]
    return replace(person, groups=tuple(skill.groups), levels=tuple(skill.groups.values()), cap=skill.cap)
