"""When a customer comes to an entry point where a person answers first. Pure.

A place in the line is taken once a visit, with its first message. Who says thank you after a case, or has just said
that they need nobody, is still on the same visit and is not put in line again.
"""

from __future__ import annotations

from collections.abc import Iterable

from contracts.conversation import Author, Entry, EntryKind
from handoff.contacts import SILENCE_MS


def begins_visit(entries: Iterable[Entry], seq: int) -> bool:
    """Whether message `seq` of this log comes after an hour in which the customer said nothing and had no case.

    A case since then also means no: the message has had what it asked for.
    """
    log = list(entries)
    at_ms = next((entry.at_ms for entry in log if entry.seq == seq), None)
    if at_ms is None:
        return False
    return not any(
        (entry.kind is EntryKind.CASE and entry.at_ms > at_ms - SILENCE_MS)
        or (
            entry.kind is EntryKind.MESSAGE
            and entry.author is Author.CUSTOMER
            and entry.seq < seq
            and entry.at_ms > at_ms - SILENCE_MS
        )
        for entry in log
    )
