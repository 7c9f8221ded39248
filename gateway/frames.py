"""What browsers send: one frozen dataclass a frame type, decoded strictly.

Unknown fields are ignored, so that a newer page can talk to an older gateway; wrong types, missing fields, unknown
types and everything that is no JSON object are refused with a sentence that names the field.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, TypeVar

from contracts.codec import ContractError, decode
from gateway.errors import BadRequest, TooLong

T = TypeVar("T")

# A number beyond this would lose digits in a browser or in Lua.
MAX_INTEGER = 2**53 - 1


@dataclass(frozen=True)
class Say:
    """`attachments` are ids of files brought before; with them the text may be empty."""

    key: str
    text: str
    choice: str | None = None
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True)
class RequestHuman:
    key: str


@dataclass(frozen=True)
class CancelWait:
    key: str = ""


@dataclass(frozen=True)
class LeaveMessage:
    key: str
    text: str
    contact: str = ""


@dataclass(frozen=True)
class Feedback:
    key: str
    seq: int
    useful: bool


@dataclass(frozen=True)
class Wish:
    """Tell me once you can answer what reply `seq` could not; `wanted` false takes it back."""

    key: str
    seq: int
    wanted: bool = True


@dataclass(frozen=True)
class Rate:
    key: str
    score: int
    comment: str = ""
    stretch: str = ""


@dataclass(frozen=True)
class Correct:
    key: str
    text: str


@dataclass(frozen=True)
class Typing:
    on: bool
    conversation_id: str = ""


@dataclass(frozen=True)
class Ping:
    pass


CUSTOMER: dict[str, type] = {
    "say": Say,
    "request_human": RequestHuman,
    "cancel_wait": CancelWait,
    "leave_message": LeaveMessage,
    "feedback": Feedback,
    "wish": Wish,
    "rate": Rate,
    "correct": Correct,
    "typing": Typing,
    "ping": Ping,
}


@dataclass(frozen=True)
class SetStatus:
    status: str


@dataclass(frozen=True)
class Accept:
    case_id: str


@dataclass(frozen=True)
class Decline:
    case_id: str
    reason: str = ""


@dataclass(frozen=True)
class Watch:
    """`after` is the last number the page has of the conversation; what came later is sent first."""

    conversation_id: str
    after: int | None = None


@dataclass(frozen=True)
class Unwatch:
    conversation_id: str


@dataclass(frozen=True)
class AgentSay:
    key: str
    conversation_id: str
    text: str
    epoch: int
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Note:
    key: str
    conversation_id: str
    text: str


@dataclass(frozen=True)
class Whisper:
    """A supervisor's word to the agent who serves the conversation."""

    key: str
    conversation_id: str
    text: str


@dataclass(frozen=True)
class Viewing:
    """The conversation that is open on this page ("" for none), and whether something is being written there."""

    conversation_id: str
    typing: bool = False


@dataclass(frozen=True)
class Floor:
    """Follow the floor, or no longer; `after` is the last number of `floor` that the page has."""

    on: bool
    floor: str = ""
    after: int = 0


@dataclass(frozen=True)
class Transfer:
    case_id: str
    note: str
    to_agent: str = ""
    to_group: str = ""


@dataclass(frozen=True)
class WrapUp:
    case_id: str


@dataclass(frozen=True)
class FollowUp:
    """What is still to be done after a case, by `next_ms` or within the usual time, by the agent or a group."""

    title: str
    text: str = ""
    next_ms: int | None = None
    to_group: str = ""


@dataclass(frozen=True)
class Resolution:
    """How a case ended, in the agent's words."""

    reason: str = ""
    tags: tuple[str, ...] = ()
    summary: str = ""
    solved: bool | None = None
    follow_up: FollowUp | None = None


@dataclass(frozen=True)
class Resolve:
    case_id: str
    outcome: Resolution = field(default_factory=Resolution)


@dataclass(frozen=True)
class AnswerMessage:
    """The reply to a message that a customer left."""

    key: str
    case_id: str
    text: str


@dataclass(frozen=True)
class TakeOver:
    case_id: str


AGENT: dict[str, type] = {
    "status": SetStatus,
    "accept": Accept,
    "decline": Decline,
    "watch": Watch,
    "unwatch": Unwatch,
    "say": AgentSay,
    "note": Note,
    "whisper": Whisper,
    "viewing": Viewing,
    "floor": Floor,
    "typing": Typing,
    "transfer": Transfer,
    "wrap_up": WrapUp,
    "resolve": Resolve,
    "answer_message": AnswerMessage,
    "take_over": TakeOver,
    "ping": Ping,
}


@dataclass(frozen=True)
class Login:
    name: str
    password: str


@dataclass(frozen=True)
class Identity:
    """Who the customer is on the embedding site, signed by its server; `issued_at` in seconds."""

    external_id: str
    issued_at: int
    signature: str
    name: str = ""


@dataclass(frozen=True)
class CannedForm:
    name: str
    text: str
    shared: bool = False


@dataclass(frozen=True)
class FaqDraftForm:
    """`seq` is the agent's own message that the answer comes from."""

    seq: int
    question: str
    answer: str


@dataclass(frozen=True)
class OpenSession:
    channel: str = "web"
    identity: Identity | None = None


def parse(text: str | bytes, *, limit: int) -> dict[str, Any]:
    """The JSON object in `text`; raises TooLong above `limit` bytes and BadRequest for anything else."""
    if len(text) > limit or (isinstance(text, str) and len(text.encode("utf-8", "surrogatepass")) > limit):
        raise TooLong(f"请求太大了，最多 {limit} 字节。")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest("请求不是有效的 JSON。") from error
    if not isinstance(document, dict):
        raise BadRequest("请求应当是一个 JSON 对象。")
    return document


def frame(document: dict[str, Any], known: dict[str, type]) -> Any:
    """The frame in a JSON object, one of the classes in `known`; raises BadRequest."""
    kind = document.get("type")
    if not isinstance(kind, str) or kind not in known:
        raise BadRequest("不认识这种消息类型（type）。")
    return body(document, known[kind])


def body(document: dict[str, Any], kind: type[T]) -> T:
    """A value of `kind` from a JSON object; raises BadRequest naming the first field that does not fit."""
    try:
        value = decode(kind, document)
    except ContractError as error:
        path = str(error).partition(":")[0].partition(".")[2]
        raise BadRequest(f"字段 {path[:60]} 缺失或类型不对。" if path else "请求的格式不对。") from error
    for name in getattr(kind, "__dataclass_fields__", {}):
        number = getattr(value, name)
        if type(number) is int and abs(number) > MAX_INTEGER:
            raise BadRequest(f"字段 {name} 的数字太大。")
    return value


def key_of(document: dict[str, Any]) -> str:
    """The key of a frame, for the error that answers it; empty when there is no usable one."""
    found = document.get("key", "")
    return found[:80] if isinstance(found, str) and found.isprintable() else ""
