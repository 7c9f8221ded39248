"""`jiehua kb tell`: who wished for an answer that the base has by now, and telling them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress
from rich.table import Table

from cli.agents import DataOption, people
from cli.depart import BY, at_desk
from cli.kb import EncoderOption, FaqOption, JsonOption, build_finder
from cli.places import ENCODER, FAQ
from cli.problem import Problem

if TYPE_CHECKING:
    from gateway.telling import Told
    from handoff.desk import Desk

SHOWN = 3


def tell(
    entry: Annotated[str, typer.Argument(help="条目编号;不给就列出全部 entry id; none: list what could be told")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="真的告诉他们 tell them")] = False,
    faq: FaqOption = FAQ,
    encoder: EncoderOption = str(ENCODER),
    as_json: JsonOption = False,
    data: DataOption = Path("var"),
) -> None:
    """有答案了告诉问过的客户:只告诉当时点了「有答案了告诉我」的,每人一次 tell those who asked to be told, once each.

    正由人工服务的会话先不打扰,网关之后会接着办;中断了再运行一次即可。
    """
    from gateway.shelf import Shelf
    from gateway.telling import Teller
    from knowledge_base.workbook import NAME, Workbook

    if yes and not entry:
        raise Problem("要告诉的是哪一条?", "写上条目编号:jiehua kb tell ENTRY --yes")
    workbook = Workbook(data / NAME)

    async def answers(texts: Sequence[str]) -> list[str]:
        return await asyncio.to_thread(_answers, faq, encoder, texts)

    async def work(desk: Desk) -> tuple[dict[str, list[str]], Told | None]:
        teller = Teller(desk, Shelf(faq, workbook), workbook, answers)
        wishing = await teller.wishing()
        shown = {
            one: [wish.question for wish in wishes] for one, wishes in wishing.items() if not entry or one == entry
        }
        if not yes:
            return shown, None
        ordered = await teller.order(entry, who=BY)
        people(data).audit(BY, "kb_tell", f"{entry} {ordered}")
        terminal = Console(stderr=True)
        columns = (*Progress.get_default_columns(), MofNCompleteColumn())
        with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bar:
            task = bar.add_task("告诉客户", total=None)
            return shown, await teller.round(
                lambda so_far, total: bar.update(task, completed=so_far.told + so_far.held + so_far.gone, total=total)
            )

    shown, done = at_desk(data, work)
    if as_json:
        counts = {one: len(questions) for one, questions in shown.items()}
        told = {"told": done.told, "held": done.held, "gone": done.gone} if done is not None else None
        print(json.dumps({"wishing": counts, "done": told}, ensure_ascii=False))
        return
    console = Console()
    if done is not None:
        console.print(f"已告诉 {done.told} 位;{done.held} 位正由人工服务,稍后由网关接着办", highlight=False)
        return
    if not shown:
        console.print("没有客户在等现在答得上的问题", highlight=False)
        return
    table = Table("条目", "等着的客户", "他们的原话", box=None)
    for one, questions in shown.items():
        table.add_row(one, str(len(questions)), "；".join(dict.fromkeys(questions[:SHOWN])))
    console.print(table)
    console.print("加上条目编号和 --yes 就告诉他们", highlight=False)


def _answers(faq: Path, encoder: str, texts: Sequence[str]) -> list[str]:
    from contracts.answer import Outcome

    finder = build_finder(faq, encoder)
    found = [finder.find(text) for text in texts]
    return [one.candidates[0].entry_id if one.outcome is Outcome.ANSWER else "" for one in found]
