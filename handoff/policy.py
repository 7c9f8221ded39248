"""What an operator may set: one table, each with its meaning and unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from contracts.escalation import Reason
from handoff.calendar import BusinessCalendar
from handoff.config.config import Config
from handoff.config.priorities import VIP_CLASS
from handoff.errors import Invalid
from handoff.records.model import TicketKind
from handoff.records.tickets import due_ms
from handoff.texts import Texts

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
YEAR_MS = 366 * 24 * HOUR_MS

# Business time after which something must be done about a ticket, unless an agent says otherwise.
TICKET_MS: Mapping[TicketKind, int] = {
    TicketKind.FOLLOW_UP: 8 * HOUR_MS,
    TicketKind.MESSAGE: 4 * HOUR_MS,
    TicketKind.CALL_BACK: 8 * HOUR_MS,
    TicketKind.MANUAL: 8 * HOUR_MS,
}


@dataclass(frozen=True)
class DeskPolicy:
    """Times and limits of the desk.

    `offer_ms` how long an agent may look at an offer; `grace_ms` how long an agent may be unheard before their cases
    go back; `outage_ms` how long the sweeps must pause for that to have been an outage, of which no agent is to blame:
    they have `grace_ms` from its end to be heard of (for offers see `handoff.outage`); `lease_ms` how long a
    worker may be silent before its turn is given to another; `max_attempts` how often a turn is tried; `key_ttl_ms`
    how long an idempotency key is remembered; `max_missed` how many offers in a row an agent may let lapse before
    going on break; `retry_ms` how long an agent who passed on a case is spared it when nobody else is there;
    `resume_ms` how long after vanishing an agent comes back with the status they had; `sticky_ms` how long the agent
    who served a customer last is preferred; `sticky_hold_ms` how long a case waits for that agent while they are full;
    `calendar` when people are there (None: always); `ticket_ms` how much business time a ticket of each kind may take;
    `bad_rating` the best rating after which a customer is called back; `config` what administrators have set, see
    `handoff.config`.
    """

    offer_ms: int = 30_000
    grace_ms: int = 45_000
    outage_ms: int = 10_000
    lease_ms: int = 15_000
    max_attempts: int = 3
    key_ttl_ms: int = 24 * 60 * MINUTE_MS
    max_missed: int = 3
    retry_ms: int = 15_000
    resume_ms: int = 10 * MINUTE_MS
    sticky_ms: int = 24 * 60 * MINUTE_MS
    sticky_hold_ms: int = 20_000
    default_group: str = "default"
    groups: Mapping[Reason, str] = field(default_factory=dict)
    calendar: BusinessCalendar | None = None
    ticket_ms: Mapping[TicketKind, int] = field(default_factory=lambda: TICKET_MS)
    bad_rating: int = 2
    texts: Texts = field(default_factory=Texts)
    config: Config = field(default_factory=Config)

    def under(self, config: Config) -> DeskPolicy:
        """The policy with other settings in force. A calendar that was never set leaves the one given here."""
        unset = config.calendar == Config().calendar
        return replace(self, config=config, calendar=self.calendar if unset else config.calendar.calendar())

    def priority(self, reason: Reason, *, vip: bool = False) -> tuple[int, int]:
        """(priority class, head start in ms) of a case."""
        priorities = self.config.priorities
        found = priorities.of(reason)
        level, head_start_s = found.level, found.head_start_s
        if vip:
            level, head_start_s = max(level, VIP_CLASS), head_start_s + priorities.vip_head_start_s
        return level, head_start_s * 1000

    def group_for(self, reason: Reason, channel: str = "") -> str:
        """The group whose agents answer cases of this reason from this entry point."""
        wanted = self.groups.get(reason) or self.config.priorities.of(reason).group
        return wanted or self.config.entrances.of(channel).group or self.default_group

    def ticket_due(self, source: TicketKind, now_ms: int, wanted_ms: int | None = None) -> int:
        """When something must be done about a ticket: as wanted, else after the time of its kind, in business hours.

        Raises Invalid for a date that is none.
        """
        if wanted_ms is not None and not 0 <= wanted_ms - now_ms + YEAR_MS <= 11 * YEAR_MS:
            raise Invalid("next_ms: within ten years")
        return due_ms(self.calendar, now_ms, wanted_ms=wanted_ms, after_ms=self.ticket_ms[source])
