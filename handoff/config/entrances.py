"""Entry points 接入渠道: whether the bot or a person comes first there, by the hour, and what happens after hours.

An entry point is the channel of a conversation (web, rest, socketio, …). *Bot first*: the bot answers and calls a
person when one is due. *Person first*: the first message takes a place in the line at once, and the bot helps
meanwhile. *Bot only*: nobody is called; who asks for a person is told so and may leave a message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from handoff.calendar import BusinessCalendar
from handoff.config.reading import Reader

BOT_FIRST, PERSON_FIRST, BOT_ONLY = "bot_first", "person_first", "bot_only"
MODES = (BOT_FIRST, PERSON_FIRST, BOT_ONLY)
AFTER_HOURS = (BOT_FIRST, BOT_ONLY)
ANY = "*"
MOST_TIMES = 20


@dataclass(frozen=True)
class Times:
    """A mode for some hours of some days (「mon-fri」, 「9:00-18:00」), in the calendar's time zone."""

    days: str
    hours: str
    mode: str


@dataclass(frozen=True)
class Entrance:
    """One entry point. The first of `times` that fits gives the mode, else `mode` holds.

    `after_hours` is the mode while nobody is there: bot first (a place in the line for the next day, and a message may
    be left), or bot only. `group` takes its cases unless their reason has a group of its own.
    """

    mode: str = BOT_FIRST
    after_hours: str = BOT_FIRST
    group: str = ""
    times: tuple[Times, ...] = ()


@dataclass(frozen=True)
class Entrances:
    """Entry points by channel; `*` is every other one."""

    known: Mapping[str, Entrance] = field(default_factory=lambda: {ANY: Entrance()})

    def of(self, channel: str) -> Entrance:
        """The entry point of a channel."""
        return self.known.get(channel) or self.known.get(ANY) or Entrance()

    @property
    def any_person_first(self) -> bool:
        """Whether a person comes first anywhere, at any time."""
        modes = {mode for one in self.known.values() for mode in (one.mode, *(times.mode for times in one.times))}
        return PERSON_FIRST in modes

    def mode(self, channel: str, at_ms: int, *, zone: str, is_open: bool) -> str:
        """The mode of a channel at a moment; `is_open` tells whether people are there."""
        entrance = self.of(channel)
        if not is_open:
            return BOT_ONLY if BOT_ONLY in (entrance.mode, entrance.after_hours) else BOT_FIRST
        for times in entrance.times:
            if BusinessCalendar.parse(zone, {times.days: times.hours}).is_open(at_ms):
                return times.mode
        return entrance.mode


def read(document: Reader) -> Entrances:
    """{"entrances": {CHANNEL: {"mode", "after_hours", "group", "times": [{"days", "hours", "mode"}]}}}."""
    found = {}
    for channel, one in document.fields("entrances", needed=("entrances",)).get("entrances", Reader({})).mapping():
        Reader(channel, one.path, one.problems).name()
        given = one.fields("mode", "after_hours", "group", "times")
        found[channel] = Entrance(
            mode=given["mode"].one_of(MODES) if "mode" in given else BOT_FIRST,
            after_hours=given["after_hours"].one_of(AFTER_HOURS) if "after_hours" in given else BOT_FIRST,
            group=given["group"].name() if "group" in given and given["group"].value != "" else "",
            times=_times(given["times"]) if "times" in given else (),
        )
    if ANY not in found:
        document.wrong("要有一项 *：没有单独设置的渠道都按它来。")
    return Entrances(found)


def _times(value: Reader) -> tuple[Times, ...]:
    found = []
    for one in value.items():
        given = one.fields("days", "hours", "mode", needed=("days", "hours", "mode"))
        if len(given) < 3:
            continue
        times = Times(given["days"].text(), given["hours"].text(empty=False), given["mode"].one_of(MODES))
        try:
            BusinessCalendar.parse("UTC", {times.days: times.hours})
        except ValueError:
            one.wrong("星期写成 mon-fri，时间写成 9:00-18:00。")
        found.append(times)
    if len(found) > MOST_TIMES:
        value.wrong(f"最多 {MOST_TIMES} 段时间。")
    return tuple(found)


def write(entrances: Entrances) -> dict[str, Any]:
    """The document of these entry points."""
    return {
        "entrances": {
            channel: {
                "mode": one.mode,
                "after_hours": one.after_hours,
                "group": one.group,
                "times": [{"days": t.days, "hours": t.hours, "mode": t.mode} for t in one.times],
            }
            for channel, one in entrances.known.items()
        }
    }
