"""Whole sessions through the real pipeline: Rasa, the actions and the finder, on a base and data of their own."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from cli import stack as stacks
from cli.places import ROOT
from cli.problem import Problem
from cli.processes import Group
from contracts.turn import TurnRequest
from gateway.rasa_client import RasaClient

AT_ONCE = 4


@dataclass(frozen=True)
class Played:
    """One session as it went: the turn (from 0) at which a person was called, and why."""

    id: str
    turns: int
    escalate_after: int | None
    reason: str
    escalated_at: int | None
    got_reason: str


async def replay(rows: Sequence[dict[str, Any]], faq: Path, encoder: str, console: Console) -> list[Played]:
    """Start Rasa and the actions on `faq` with an empty Redis, play every session, stop them again."""
    if os.environ.get("REDIS_URL"):
        console.print("replay 使用自己的 Redis,忽略 REDIS_URL", highlight=False)
    with tempfile.TemporaryDirectory(prefix="jh-") as folder:
        saved = os.environ.pop("REDIS_URL", None)
        try:
            stack = stacks.plan(data=Path(folder), port=0, faq=faq, encoder=encoder)
        finally:
            if saved is not None:
                os.environ["REDIS_URL"] = saved
        os.chdir(ROOT)
        group = Group(stacks.specs(stack, public=False), lambda line: console.print(line, highlight=False))
        with console.status("正在启动 Rasa 和动作服务…"):
            await group.start()
        client = RasaClient(stack.bot_url, stack.bot_secret)
        gate = asyncio.Semaphore(AT_ONCE)
        try:
            with Progress(console=console, transient=True) as progress:
                task = progress.add_task("会话", total=len(rows))

                async def one(row: dict[str, Any]) -> Played:
                    async with gate:
                        played = await _play(client, row)
                        progress.advance(task)
                        return played

                return list(await asyncio.gather(*(one(row) for row in rows)))
        finally:
            await client.close()
            await group.stop()


async def _play(client: RasaClient, row: dict[str, Any]) -> Played:
    escalated_at, got = None, "none"
    for i, text in enumerate(row["turns"]):
        request = TurnRequest(conversation_id=f"replay:{row['id']}", bot_session=1, seq=i + 1, text=str(text))
        try:
            result = await client.turn(request)
        except Exception as error:
            raise Problem(f"会话 {row['id']} 第 {i + 1} 句失败:{error}", "看 jiehua doctor", status=1) from error
        if result.escalation is not None:
            escalated_at, got = i, result.escalation.reason.value
            break
    return Played(str(row["id"]), len(row["turns"]), row["escalate_after"], row["reason"], escalated_at, got)


def read_jsonl(path: Path, *required: str) -> list[dict[str, Any]]:
    """Rows of a JSON Lines file. Raises Problem naming the first bad line."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"读不了 {path}:{error}", "需要 UTF-8 的 JSON Lines 文件") from error
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise Problem(f"{path}:{number} 不是 JSON:{error}", "每行一个对象") from error
        absent = [name for name in required if not isinstance(row, dict) or name not in row]
        if absent:
            raise Problem(f"{path}:{number} 缺少 {'、'.join(absent)}", "每行一个对象")
        rows.append(row)
    if not rows:
        raise Problem(f"{path} 是空的", "每行一个对象")
    return rows


def score(played: Sequence[Played]) -> dict[str, Any]:
    """The figures of `sessions replay --json`: rates over all sessions, and a row for each.

    `late`, `missed` and `reason_accuracy` are over the sessions in which a person was due, `false_alarms` over those
    in which none was; an escalation before the due turn is neither late nor missed, and not right.
    """
    due = [p for p in played if p.escalate_after is not None]
    quiet = [p for p in played if p.escalate_after is None]
    brought = [p for p in due if p.escalated_at is not None]
    return {
        "n": len(played),
        "right_turn": _rate(sum(p.escalated_at == p.escalate_after for p in played), len(played)),
        "within_one": _rate(sum(_within_one(p) for p in played), len(played)),
        "late": _rate(sum(_delay(p) > 0 for p in brought), len(due)),
        "early": _rate(sum(_delay(p) < 0 for p in brought), len(due)),
        "missed": _rate(len(due) - len(brought), len(due)),
        "false_alarms": _rate(sum(p.escalated_at is not None for p in quiet), len(quiet)),
        "reason_accuracy": _rate(sum(p.got_reason == p.reason for p in brought), len(brought)),
        "reasons": dict(Counter(p.got_reason for p in played)),
        "rows": [
            {
                "id": p.id,
                "escalate_after": p.escalate_after,
                "escalated_at": p.escalated_at,
                "reason": p.reason,
                "got_reason": p.got_reason,
                "right": p.escalated_at == p.escalate_after,
            }
            for p in played
        ],
    }


def _delay(played: Played) -> int:
    assert played.escalated_at is not None
    assert played.escalate_after is not None
    return played.escalated_at - played.escalate_after


def _within_one(played: Played) -> bool:
    if played.escalate_after is None or played.escalated_at is None:
        return played.escalate_after == played.escalated_at
    return abs(_delay(played)) <= 1


def _rate(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
