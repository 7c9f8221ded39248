"""`jiehua kb import` and `kb export`: other tools' files in, exact copies out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from cli.places import FAQ
from cli.problem import Problem
from cli.whole_file import write_whole
from contracts.codec import encode
from knowledge_base import exchange, files
from knowledge_base.difference import Change, Difference, apply, difference
from knowledge_base.document import DocumentError
from knowledge_base.entry import FaqEntry
from knowledge_base.journal import OvertakenError, finish

FolderOption = Annotated[Path, typer.Option("--faq", envvar="JIEHUA_FAQ", help="FAQ 目录 folder of YAML files")]
SHOWN = 20
FIELD_SHOWN = 40  # characters of a changed field


def import_(
    file: Annotated[Path, typer.Argument(help="CSV、XLSX、JSON Lines、YAML 或 Markdown")],
    faq: FolderOption = FAQ,
    whole: Annotated[bool, typer.Option("--whole", help="文件即全部,没有的条目删除 remove what it lacks")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="写入;不加只看差别 write; without it only shown")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """导入别处的文件:先看差别,加 --yes 才写入 import: shows the difference, writes with --yes.

    有错的行不写入并逐行说明(退出码 1),其余照常;文件里没有的列不动。
    """
    if not file.exists():
        raise Problem(f"找不到文件 {file}")
    if not faq.is_dir():
        raise Problem(f"{faq} 不是目录", "导入只写 YAML 目录")
    finish(faq)
    incoming = exchange.read(file)
    rejected = [problem for problem in incoming.problems if problem.severity == "error"]
    if whole and rejected:
        raise Problem(f"{len(rejected)} 行有错,不能当作全部:那些条目会被删掉 → 先改好 {rejected[0]}", status=1)
    held = files.load(faq).entries
    change = difference(held, incoming.entries, whole=whole, spoken_of=incoming.spoken_of)
    try:
        written = apply(faq, change) if yes and not change.empty else []
    except (DocumentError, OvertakenError) as error:
        raise Problem(f"没有写入:{error.problems[0]}", "改好后再导入", status=1) from error
    except OSError as error:
        raise Problem(f"没有写入:{error.strerror or error}", "检查磁盘空间和写权限", status=1) from error
    if as_json:
        report = {
            "added": [entry.id for entry in change.added],
            "changed": [
                {"id": one.new.id, "fields": one.fields, "before": _said(one.old, one), "after": _said(one.new, one)}
                for one in change.changed
            ],
            "removed": [entry.id for entry in change.removed],
            "unchanged": change.unchanged,
            "rejected": len(rejected),
            "problems": encode(incoming.problems),
            "written": [str(path) for path in written],
        }
        print(json.dumps(report, ensure_ascii=False, default=str))
    else:
        _show(Console(), incoming, change, written)
    raise typer.Exit(1 if rejected else 0)


def export(
    file: Annotated[Path, typer.Argument(help="后缀决定格式:.csv .xlsx .jsonl .yml")],
    faq: FolderOption = FAQ,
) -> None:
    """导出全部条目;再导入完全一致 export everything; importing it again gives the same."""
    finish(faq)
    entries = files.load(faq).entries
    try:
        content = exchange.export(entries, file.suffix.lstrip(".").lower())
    except ValueError as error:
        raise Problem(f"不认识的格式 {file.suffix or '(没有后缀)'}", "用 .csv、.xlsx、.jsonl 或 .yml") from error
    write_whole(file, content)
    Console().print(f"已导出 {len(entries)} 条到 {file}", highlight=False)


def _show(console: Console, incoming: exchange.Incoming, change: Difference, written: list[Path]) -> None:
    for problem in incoming.problems[:SHOWN]:
        mark = Text("✗ ", "red") if problem.severity == "error" else Text("· ", "yellow")
        console.print(mark.append(str(problem), "default"), soft_wrap=True)
    lines = [("+ ", "green", f"{entry.id}  {entry.question}") for entry in change.added]
    for one in change.changed:
        lines.append(("~ ", "yellow", f"{one.new.id}  {one.new.question}"))
        before, after = _said(one.old, one), _said(one.new, one)
        lines += [("    ", "", f"{name}:{_short(before[name])} → {_short(after[name])}") for name in one.fields]
    lines += [("- ", "red", f"{entry.id}  {entry.question}") for entry in change.removed]
    for mark, colour, line in lines[:SHOWN]:
        console.print(Text(mark, colour).append(line, "default"), soft_wrap=True)
    if len(lines) > SHOWN:
        console.print(f"… 还有 {len(lines) - SHOWN} 处")
    counts = f"新增 {len(change.added)},修改 {len(change.changed)},删除 {len(change.removed)},不变 {change.unchanged}"
    rejected = sum(problem.severity == "error" for problem in incoming.problems)
    counts += f",拒收 {rejected} 行" if rejected else ""
    done = f"已写入 {len(written)} 个文件" if written else "没有要写的" if change.empty else "还没有写入:加 --yes 写入"
    console.print(f"{counts};{done}", highlight=False)


def _said(entry: FaqEntry, change: Change) -> dict[str, object]:
    """The fields that differ, as JSON knows them."""
    said: dict[str, object] = encode({name: getattr(entry, name) for name in change.fields})
    return said


def _short(value: object) -> str:
    text = "、".join(map(str, value)) if isinstance(value, list) else str(value or "(空)")
    return " ".join(text.split())[:FIELD_SHOWN] + ("…" if len(text) > FIELD_SHOWN else "")
