"""`jiehua kb`: check, search and evaluate the knowledge base."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.places import ENCODER, FAQ
from cli.problem import Problem
from contracts.codec import encode

app = typer.Typer(no_args_is_help=True, help="知识库 the knowledge base")
FaqOption = Annotated[Path, typer.Option("--faq", envvar="JIEHUA_FAQ", help="FAQ 目录或文件 folder, .yml or .jsonl")]
EncoderOption = Annotated[
    str, typer.Option("--encoder", envvar="JIEHUA_ENCODER", help="路径或 hub 名 path or hub name")
]
CHANNEL = "web"
JsonOption = Annotated[bool, typer.Option("--json", help="机器可读 machine readable")]


def load_entries(path: Path) -> list[Any]:
    """The served entries of a FAQ. Raises Problem when there is none."""
    from knowledge_base import files

    if not path.exists():
        raise Problem(f"找不到知识库 {path}", "检查 --faq")
    today = datetime.date.today()
    entries = [entry for entry in files.load(path).entries if entry.is_served(today, CHANNEL)]
    if not entries:
        raise Problem(f"知识库 {path} 里没有一条可用的条目", f"运行 jiehua kb check {path}")
    return entries


def build_finder(path: Path, encoder: str) -> Any:
    """A finder of its own over the FAQ at `path`; nothing of the live base is touched."""
    from knowledge_base.encoder import load_encoder
    from knowledge_base.finder import Finder

    entries = load_entries(path)
    try:
        return Finder.build(entries, load_encoder(encoder))
    except (OSError, ValueError) as error:
        raise Problem(f"编码器 {encoder} 不能用:{error}", "检查 --encoder;离线时要用本地目录") from error


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="FAQ 目录或文件")] = FAQ,
    as_json: JsonOption = False,
) -> None:
    """校验知识库文件;有错时退出码 1 validate the files; exit status 1 on errors."""
    from knowledge_base import files

    if not path.exists():
        raise Problem(f"找不到知识库 {path}")
    loaded = files.load(path)
    errors = sum(problem.severity == "error" for problem in loaded.problems)
    if as_json:
        report = {"entries": len(loaded.entries), "errors": errors, "problems": encode(loaded.problems)}
        print(json.dumps(report, ensure_ascii=False, default=str))
    else:
        console = Console()
        for problem in loaded.problems:
            mark = Text("✗ ", "red") if problem.severity == "error" else Text("· ", "yellow")
            console.print(mark.append(str(problem), "default"), soft_wrap=True)
        warnings = len(loaded.problems) - errors
        console.print(f"{len(loaded.entries)} 条可用,{errors} 处错误,{warnings} 处提醒", highlight=False)
    raise typer.Exit(1 if errors else 0)


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="客户会怎么问 the customer's words")],
    top: Annotated[int, typer.Option(min=1, max=50)] = 5,
    faq: FaqOption = FAQ,
    encoder: EncoderOption = str(ENCODER),
    as_json: JsonOption = False,
) -> None:
    """命中测试:分数和原因 hit test: scores and why."""
    finding = build_finder(faq, encoder).find(text, k=top)
    if as_json:
        print(json.dumps(encode(finding), ensure_ascii=False))
        return
    console = Console()
    console.print(f"{_OUTCOMES[finding.outcome.value]}  {finding.why}", highlight=False)
    table = Table("概率", "语义", "字面", "条目", "问题", "命中的问法", box=None)
    for c in finding.candidates:
        table.add_row(f"{c.probability:.2f}", f"{c.dense:.2f}", f"{c.lexical:.2f}", c.entry_id, c.question, c.matched)
    console.print(table)


_OUTCOMES = {"answer": "[green]回答[/]", "clarify": "[yellow]澄清[/]", "miss": "[red]未命中[/]"}


def _queries(path: Path, *, oos: bool = False) -> list[Any]:
    from knowledge_base.evaluate import QueryFileError, read_queries

    try:
        queries = read_queries(path, oos=oos)
    except QueryFileError as error:
        raise Problem(str(error), "每行一个 JSON 对象:text、gold、style") from error
    if not queries:
        raise Problem(f"{path} 是空的", "每行一个 JSON 对象:text、gold、style")
    return queries


@app.command("eval")
def eval_(
    queries: Annotated[Path, typer.Option("--queries", help="JSON Lines:text, gold, style")],
    faq: FaqOption = FAQ,
    oos: Annotated[Path | None, typer.Option("--oos", help="JSON Lines:text(库里没有答案)")] = None,
    encoder: EncoderOption = str(ENCODER),
    as_json: JsonOption = False,
    plot: Annotated[Path | None, typer.Option("--plot", help="图 PNG")] = None,
) -> None:
    """用带标准答案的问题评估 evaluate on labelled questions, on an index of its own."""
    from knowledge_base import evaluate

    asked = _queries(queries)
    outside = _queries(oos, oos=True) if oos else []
    evaluation = evaluate.judge(build_finder(faq, encoder), asked, outside)
    if plot:
        evaluate.plot(evaluation, plot)
    if as_json:
        print(json.dumps(evaluation.report, ensure_ascii=False))
        return
    table = Table("指标", "值", box=None)
    for name, value in evaluation.report.items():
        table.add_row(name, f"{value:.4g}" if isinstance(value, float) else str(value))
    Console().print(table)
