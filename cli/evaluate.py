"""`jiehua emotion eval` and `jiehua sessions replay`: the two evaluations beside `kb eval`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.kb import EncoderOption, FaqOption, JsonOption
from cli.places import ENCODER, FAQ, SENTIMENT
from cli.problem import Problem

emotion = typer.Typer(no_args_is_help=True, help="情绪 sentiment and signals")
sessions = typer.Typer(no_args_is_help=True, help="整段会话 whole sessions")


@emotion.callback()
@sessions.callback()
def _group() -> None:
    """Keep `eval` and `replay` as named subcommands although each is alone in its group."""


@emotion.command("eval")
def emotion_eval(
    file: Annotated[Path, typer.Option("--file", help="TSV:text sentiment anger wants_human threat")],
    model: Annotated[Path, typer.Option("--model")] = SENTIMENT,
    as_json: JsonOption = False,
) -> None:
    """评估情绪、怒气、找人意愿和威胁 evaluate sentiment, anger, wants-a-person and threat."""
    from cli.emotion_report import read_labelled, report
    from language.sentiment import SentimentModel

    result = report(SentimentModel.load(model), read_labelled(file))
    if as_json:
        print(json.dumps(result))
        return
    table = Table("指标", "值", box=None)
    for name, value in result.items():
        table.add_row(name, f"{value:.4g}")
    Console().print(table)


@sessions.command("replay")
def sessions_replay(
    file: Annotated[Path, typer.Option("--sessions", help="JSON Lines:id, turns, escalate_after, reason")],
    faq: FaqOption = FAQ,
    encoder: EncoderOption = str(ENCODER),
    as_json: JsonOption = False,
) -> None:
    """把整段会话放进真实管线,看何时请人 whole sessions through the real pipeline: when was a person brought in."""
    from cli.replay import read_jsonl, replay, score
    from cli.up import train_rasa

    rows = read_jsonl(file, "id", "turns", "escalate_after", "reason")
    bad = next((row["id"] for row in rows if not row["turns"] or not isinstance(row["turns"], list)), None)
    if bad is not None:
        raise Problem(f"会话 {bad} 没有 turns", "turns 是客户说的话的列表")
    console = Console(stderr=True)
    train_rasa(console, if_changed=True, faq=str(faq))
    played = asyncio.run(replay(rows, faq, encoder, console))
    result = score(played)
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
        return
    out = Console()
    table = Table("会话", "应当", "实际", "应当原因", "实际原因", box=None)
    for row in result["rows"]:
        if not row["right"]:
            wanted, got = (("—" if at is None else str(at)) for at in (row["escalate_after"], row["escalated_at"]))
            table.add_row(row["id"], wanted, got, row["reason"], row["got_reason"])
    out.print(table)
    out.print({name: value for name, value in result.items() if name != "rows"})
