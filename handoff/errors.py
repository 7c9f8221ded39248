"""What the desk may refuse, as one small tree.

    DeskError
    ├── NotFound            no such conversation, case or agent
    ├── Invalid             the request itself is malformed
    │   └── TooLong         a text over MAX_TEXT_CHARACTERS
    ├── NotAllowed          the caller does not own the conversation or case
    ├── Stale               the caller's epoch is older than the conversation's: the owner has changed
    ├── Refused             the lifecycle has no such transition, or somebody else was faster
    └── BackendUnavailable  Redis cannot be reached or does not answer in time; nothing is known about the outcome

The first five are faults of the call and changed nothing. BackendUnavailable is a fault of the surroundings: say and
finish_turn may be sent again as they are, for their keys make them idempotent.
"""

from __future__ import annotations


class DeskError(Exception):
    """The desk refused: {what}."""


class NotFound(DeskError):
    """No such conversation, case or agent: {which}."""


class Invalid(DeskError):
    """The request cannot be understood: {field}: {what}."""


class TooLong(Invalid):
    """The text has {n} characters; at most {limit} are taken."""


class NotAllowed(DeskError):
    """{agent} does not own {conversation}."""


class Stale(DeskError):
    """Written under epoch {old}, but the conversation is at a newer one: its owner has changed."""


class Refused(DeskError):
    """The case is {state}; {verb} is not possible now."""


class BackendUnavailable(DeskError):
    """The store does not answer; nothing is known about the outcome. Send the same request again."""
