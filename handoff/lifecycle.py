"""The life of a case: one table. A pair that is not in it is refused, and a refusal changes nothing.

    waiting ──offer──► offered ──accept──► active ──wrap_up──► wrap_up ──resolve──► closed
       ▲                 │ decline, lapse, lose       ▲ │                  │
       ├─────────────────┘                            │ └───── reopen ◄────┘ (the customer writes again)
       ├──────────── lose, transfer_group ────────────┤
       │                                              │ transfer_agent: active → offered, and
       │                                              │ hand_back: offered → active, when the other does not take it
       └── abandon ──► abandoned       └── leave_message ──► message_left ── answer ──► closed

The Lua scripts run the same table: `as_lua` renders it into their common part, so that there is one truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from handoff.errors import Refused
from handoff.model import CaseState


class Verb(str, Enum):
    """What may happen to a case.

    OFFER put before one agent · ACCEPT taken by them · DECLINE turned down · LAPSE not answered in time · LOSE the
    agent vanished · HAND_BACK a colleague did not take the transfer, so it returns to the agent who handed it over ·
    TRANSFER_AGENT, TRANSFER_GROUP handed on with a note · WRAP_UP the talk is over, notes are written · REOPEN the
    customer writes during wrap-up · RESOLVE done · ABANDON the customer gave up waiting · LEAVE_MESSAGE left a message
    instead · TAKE_OVER a supervisor takes it · ANSWER an agent
    answers a message that was left · OVERFLOW it waited too long, so a rule of its group applies.
    """

    OFFER = "offer"
    ACCEPT = "accept"
    DECLINE = "decline"
    LAPSE = "lapse"
    LOSE = "lose"
    HAND_BACK = "hand_back"
    TRANSFER_AGENT = "transfer_agent"
    TRANSFER_GROUP = "transfer_group"
    WRAP_UP = "wrap_up"
    REOPEN = "reopen"
    RESOLVE = "resolve"
    ABANDON = "abandon"
    LEAVE_MESSAGE = "leave_message"
    TAKE_OVER = "take_over"
    ANSWER = "answer"
    OVERFLOW = "overflow"


_S = CaseState
_V = Verb
TRANSITIONS: Mapping[tuple[CaseState, Verb], CaseState] = MappingProxyType(
    {
        (_S.WAITING, _V.OFFER): _S.OFFERED,
        (_S.WAITING, _V.OVERFLOW): _S.WAITING,
        (_S.WAITING, _V.ABANDON): _S.ABANDONED,
        (_S.WAITING, _V.LEAVE_MESSAGE): _S.MESSAGE_LEFT,
        (_S.WAITING, _V.TAKE_OVER): _S.ACTIVE,
        (_S.OFFERED, _V.ACCEPT): _S.ACTIVE,
        (_S.OFFERED, _V.DECLINE): _S.WAITING,
        (_S.OFFERED, _V.LAPSE): _S.WAITING,
        (_S.OFFERED, _V.LOSE): _S.WAITING,
        (_S.OFFERED, _V.HAND_BACK): _S.ACTIVE,
        (_S.OFFERED, _V.ABANDON): _S.ABANDONED,
        (_S.OFFERED, _V.LEAVE_MESSAGE): _S.MESSAGE_LEFT,
        (_S.OFFERED, _V.TAKE_OVER): _S.ACTIVE,
        (_S.ACTIVE, _V.TRANSFER_AGENT): _S.OFFERED,
        (_S.ACTIVE, _V.TRANSFER_GROUP): _S.WAITING,
        (_S.ACTIVE, _V.LOSE): _S.WAITING,
        (_S.ACTIVE, _V.WRAP_UP): _S.WRAP_UP,
        (_S.ACTIVE, _V.RESOLVE): _S.CLOSED,
        (_S.ACTIVE, _V.TAKE_OVER): _S.ACTIVE,
        (_S.MESSAGE_LEFT, _V.ANSWER): _S.CLOSED,
        (_S.WRAP_UP, _V.REOPEN): _S.ACTIVE,
        (_S.WRAP_UP, _V.RESOLVE): _S.CLOSED,
        (_S.WRAP_UP, _V.LOSE): _S.CLOSED,
        (_S.WRAP_UP, _V.TAKE_OVER): _S.ACTIVE,
    }
)


def can(state: CaseState, verb: Verb) -> bool:
    """True when the table has a row for this."""
    return (state, verb) in TRANSITIONS


def next_state(state: CaseState, verb: Verb) -> CaseState:
    """The state that follows. Raises Refused when the table has no such row."""
    try:
        return TRANSITIONS[state, verb]
    except KeyError:
        raise Refused(f"the case is {state.value}; {verb.value} is not possible now") from None


def as_lua() -> str:
    """The table as a Lua expression: TRANSITIONS[state][verb] is the next state, or nil."""
    rows = []
    for state in CaseState:
        cells = [f"{verb.value}='{to.value}'" for (of, verb), to in TRANSITIONS.items() if of is state]
        rows.append(f"{state.value}={{{','.join(cells)}}}")
    return "{" + ",".join(rows) + "}"


def as_mermaid() -> str:
    """The table as a Mermaid state diagram, for the documents."""
    lines = ["stateDiagram-v2", "    [*] --> waiting"]
    lines += [f"    {of.value} --> {to.value}: {verb.value}" for (of, verb), to in TRANSITIONS.items()]
    lines += [f"    {state.value} --> [*]" for state in (CaseState.CLOSED, CaseState.ABANDONED)]
    return "\n".join(lines)
