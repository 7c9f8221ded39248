"""From Redis replies to the values of the model, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.codec import decode, dumps, encode
from contracts.conversation import Author, ConversationView, Entry, EntryKind, WaitView
from contracts.escalation import Evidence, Reason
from handoff.model import Agent, AgentStatus, Case, CaseState, Glance, Opened, Parcel, Said
from handoff.ports import NewCase, Opening, Reply
from handoff.records.change import Change, answerable, names, standing
from handoff.records.model import KINDS, Record, Remark
from handoff.sla import Clock, Look, Stage, What

SHORT_CHARACTERS = 120
# A stream's item is MS-NUMBER. As one integer of 64 bits it keeps the order while fewer than a million come in one ms.
ITEM_BITS = 20


def pairs(flat: Sequence[Any]) -> dict[str, Any]:
    """A flat reply of names and values as a dictionary."""
    return dict(zip(flat[::2], flat[1::2]))


def to_json(value: Any) -> str:
    """Compact JSON, Chinese kept as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def entry_of(row: Sequence[Any]) -> Entry:
    """A log entry from (stream id, flat fields)."""
    fields = pairs(row[1]) if not isinstance(row[1], dict) else row[1]
    return Entry(
        seq=int(str(row[0]).partition("-")[0]),
        at_ms=int(fields["at"]),
        kind=EntryKind(fields["kind"]),
        author=Author(fields["author"]),
        text=fields.get("text", ""),
        key=fields.get("key", ""),
        author_id=fields.get("author_id", ""),
        data=json.loads(fields.get("data", "{}")),
    )


def case_of(flat: Sequence[Any]) -> Case:
    """A case from its hash."""
    return case_from(pairs(flat))


def case_from(row: Mapping[str, str]) -> Case:
    """A case from the fields of its hash."""
    return Case(
        case_id=row["case_id"],
        conversation_id=row["conversation_id"],
        state=CaseState(row["state"]),
        reason=Reason(row["reason"]),
        evidence=tuple(decode(Evidence, one) for one in json.loads(row["evidence"])),
        priority=int(row["priority"]),
        group=row["group"],
        enqueued_ms=int(row["enqueued_ms"]),
        order_ms=int(row["order_ms"]),
        order_tie=int(row["order_tie"]),
        offered_to=row["offered_to"],
        offer_deadline_ms=int(row["offer_deadline_ms"]),
        agent_id=row["agent_id"],
        attempts=int(row["attempts"]),
        excluded=tuple(row["excluded"].split()),
        released_ms=int(row["released_ms"]),
        opened_seq=int(row["opened_seq"]),
        accepted_ms=int(row["accepted_ms"]),
        closed_ms=int(row["closed_ms"]),
        problem=row["problem"],
        problem_seq=int(row["problem_seq"]),
        preferred=row["preferred"],
        note=row["note"],
        outcome=json.loads(row["outcome"]),
        joined_ms=int(row.get("joined_ms", row["enqueued_ms"])),  # missing in a case of an older version
        overflow_step=int(row.get("overflow_step", 0)),
    )


def agent_of(flat: Sequence[Any], load: int) -> Agent:
    """An agent from their hash and the size of their load; one who was given up is OFFLINE."""
    row = pairs(flat)
    return Agent(
        agent_id=row["agent_id"],
        display=row["display"],
        groups=tuple(row["groups"].split()),
        cap=int(row["cap"]),
        status=AgentStatus.OFFLINE if row["gone"] == "1" else AgentStatus(row["status"]),
        last_heard_ms=int(row["heard_ms"]),
        load=int(load),
        idle_since_ms=int(row["idle_ms"]),
        missed=int(row["missed"]),
        away=row["away"] == "1",
        levels=tuple(int(level) for level in row.get("levels", "").split()),
    )


def view_of(result: Sequence[Any]) -> ConversationView:
    """A conversation from (hash, profile hash, case state, agent's display, position)."""
    conversation, profile, case_state, agent_name, position = result
    row = pairs(conversation)
    return ConversationView(
        conversation_id=row["conversation_id"],
        channel=row["channel"],
        owner=row["owner"],
        epoch=int(row["epoch"]),
        bot_session=int(row["bot_session"]),
        last_seq=int(row["seq"]),
        case_id=row["case_id"],
        case_state=case_state,
        agent_id=row["agent_id"],
        agent_name=agent_name,
        wait=WaitView(int(position)) if int(position) else None,
        profile={name: json.loads(value) for name, value in pairs(profile).items()},
    )


def said_of(result: Sequence[Any]) -> Said:
    """What became of a message from (seq, at, epoch, owner, queued, duplicate)."""
    seq, at_ms, epoch, owner, queued, duplicate = result
    return Said(
        seq=int(seq),
        at_ms=int(at_ms),
        epoch=int(epoch),
        owner=owner,
        duplicate=bool(int(duplicate)),
        turn_queued=bool(int(queued)),
    )


def opening_of(row: Sequence[Any], now_ms: int) -> Opening:
    """One group's opening from (group, case hashes, (agent hash, load) pairs, ready ids, levels, taken)."""
    group, cases, agents, ready, levels, taken = row
    return Opening(
        group=group,
        cases=tuple(case_of(one) for one in cases),
        free=tuple(agent_of(flat, load) for flat, load in agents),
        ready=frozenset(ready),
        now_ms=now_ms,
        levels=tuple(int(level) for level in levels),
        taken=int(taken),
    )


def glance_of(row: Sequence[Any]) -> Glance:
    """One line about a conversation."""
    conversation_id, text, author, seq, owed_ms, epoch, name, first = row
    return Glance(
        conversation_id=conversation_id,
        last_text=text,
        last_author=author,
        last_seq=int(seq),
        owed_since_ms=int(owed_ms) or None,
        customer=str(json.loads(name)),
        epoch=int(epoch),
        owed_first=bool(int(owed_ms)) and first == "1",
    )


def clock_of(row: Sequence[Any]) -> Clock:
    """A clock that runs."""
    case_id, conversation_id, what, since_ms, stage, group, priority, agent_id = row[:8]
    return Clock(case_id, conversation_id, What(what), int(since_ms), Stage(int(stage)), group, int(priority), agent_id)


def look_row(look: Look) -> dict[str, Any]:
    """A look at a clock as a script argument."""
    return {
        "case_id": look.clock.case_id,
        "what": look.clock.what.value,
        "since_ms": look.clock.since_ms,
        "stage": int(look.clock.stage),
        "next_stage": int(look.stage),
        "due_ms": look.due_ms,
        "next_ms": look.next_ms,
    }


def parcel_of(item: str, fields: Mapping[str, str]) -> Parcel:
    """A parcel from an item of the outbox. Raises ValueError for one that a newer version has put in."""
    ms, _, number = item.partition("-")
    document = json.loads(fields["data"])
    content: Entry | Case | Opened | Record | Remark
    if fields["kind"] == "entry":
        content = decode(Entry, document)
    elif fields["kind"] == "case":
        content = case_from(document)
    elif fields["kind"] == "conversation":
        content = decode(Opened, document)
    elif fields["kind"] == "remark":
        content = decode(Remark, document)
    elif fields["kind"] in KINDS:
        content = decode(KINDS[fields["kind"]], document)
    else:
        raise ValueError(f"outbox: unknown kind {fields['kind']!r}")
    return Parcel((int(ms) << ITEM_BITS) + int(number), fields["conversation"], content, item)


def case_row(new: NewCase) -> dict[str, Any]:
    """A new case as the script argument `new`."""
    return {
        "case_id": new.case_id,
        "reason": new.reason.value,
        "evidence": to_json(encode(new.evidence)),
        "priority": new.priority,
        "head_start_ms": new.head_start_ms,
        "group": new.group,
        "problem": new.problem,
        "problem_seq": new.problem_seq,
        "line": new.line,
        "sticky_ms": new.sticky_ms,
        "owner": new.owner,
        "overflow_ms": new.overflow_ms,
    }


def reply_row(reply: Reply) -> dict[str, str]:
    """A bot message as the script argument."""
    return {"text": reply.text, "short": reply.text[:SHORT_CHARACTERS], "data": to_json(reply.data)}


def change_row(change: Change | None) -> dict[str, Any] | bool:
    """A change of a record as a script argument; False for none."""
    if change is None:
        return False
    record = change.after
    return {
        "kind": record.kind,
        "id": record.record_id,
        "rev": change.rev,
        "once": change.once,
        "given": change.given,
        "document": dumps(record),
        "names": names(record),
        "agents": answerable(record),
        "left": change.left,
        "standing": list(standing(record).items()),
        "remarks": [_remark_row(remark) for remark in change.remarks],
        "lines": [
            {
                "conversation_id": line.conversation_id,
                "text": line.text,
                "short": line.text[:SHORT_CHARACTERS],
                "notice": line.notice,
            }
            for line in change.lines
        ],
        "conversation_id": record.conversation_id,
    }


def _remark_row(remark: Remark) -> str:
    """A remark as it is kept: without its number, which is its place in the list."""
    document = encode(remark)
    del document["seq"]
    return to_json(document)
