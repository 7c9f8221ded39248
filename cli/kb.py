"""`jiehua kb`: check, search and evaluate the knowledge base."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress
from rich.table import Table
from rich.text import Text

from cli.places import ENCODER, FAQ
from cli.problem import Problem
from contracts.codec import encode

if TYPE_CHECKING:  # imported where they are used: torch takes seconds
    from knowledge_base.encoder import SentenceEncoder
    from knowledge_base.entry import FaqEntry
    from knowledge_base.files import Loaded
    from knowledge_base.finder import Finder
    from knowledge_base.problems import Problem as FileProblem
    from knowledge_base.queries import Query

app = typer.Typer(no_args_is_help=True, help="知识库 the knowledge base")
FaqOption = Annotated[Path, typer.Option("--faq", envvar="JIEHUA_FAQ", help="FAQ 目录或文件 folder, .yml or .jsonl")]
EncoderOption = Annotated[
    str, typer.Option("--encoder", envvar="JIEHUA_ENCODER", help="路径或 hub 名 path or hub name")
]
CHANNEL = "web"
JsonOption = Annotated[bool, typer.Option("--json", help="机器可读 machine readable")]


def load_base(path: Path) -> Loaded:
    """The FAQ at `path` with all its entries. Raises Problem when there is none that customers see."""
    from knowledge_base import files
    from knowledge_base.journal import finish

    if not path.exists():
        raise Problem(f"找不到知识库 {path}", "检查 --faq")
    finish(path)
    loaded = files.load(path)
    if not served(loaded):
        raise Problem(f"知识库 {path} 里没有一条可用的条目", f"运行 jiehua kb check {path}")
    return loaded


def load_entries(path: Path) -> list[FaqEntry]:
    """The served entries of a FAQ. Raises Problem when there is none."""
    return served(load_base(path))


def served(loaded: Loaded) -> list[FaqEntry]:
    """The entries that customers of the web channel see today."""
    today = datetime.date.today()
    return [entry for entry in loaded.entries if entry.is_served(today, CHANNEL)]


def open_encoder(encoder: str) -> SentenceEncoder:
    """The encoder of that path or name. Raises Problem when it cannot be used."""
    from knowledge_base.encoder import UnusableEncoderError, load_encoder

    try:
        return load_encoder(encoder)
    except (OSError, ValueError, UnusableEncoderError) as error:
        raise Problem(f"编码器 {encoder} 不能用:{error}", "检查 --encoder;离线时要用本地目录") from error


def build_finder(path: Path, encoder: str) -> Finder:
    """A finder of its own over the FAQ at `path`, built as the live one is; nothing of the live base is touched."""
    return finder_of(load_base(path).entries, open_encoder(encoder))


def finder_of(entries: Sequence[FaqEntry], encoder: SentenceEncoder) -> Finder:
    """A finder over `entries`; a terminal sees how far a long preparation has come."""
    from knowledge_base.finder import Finder

    terminal = Console(stderr=True)
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bar:
        task = bar.add_task("准备条目", total=None)
        return Finder.build(
            entries, encoder, progress=lambda done, total: bar.update(task, completed=done, total=total)
        )


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="FAQ 目录或文件")] = FAQ,
    files_only: Annotated[bool, typer.Option("--files-only", help="只看格式,不比较内容 fast: form only")] = False,
    online: Annotated[bool, typer.Option("--online", help="逐个打开链接 look links up over the network")] = False,
    promises: Annotated[Path | None, typer.Option("--promises", help="承诺词表 YAML,默认 promises.yml")] = None,
    encoder: EncoderOption = str(ENCODER),
    as_json: JsonOption = False,
) -> None:
    """检查知识库:格式、重复、矛盾、过期、链接、承诺;有错时退出码 1 check the base; exit status 1 on errors.

    错误(✗)要改,否则那一条不回答客户;提醒(·)请人看一眼。
    """
    from knowledge_base import files
    from knowledge_base.journal import finish

    if not path.exists():
        raise Problem(f"找不到知识库 {path}")
    finish(path)
    loaded = files.load(path)
    found = list(loaded.problems)
    index = ""
    if not files_only and loaded.entries:
        compared, index = _compared(loaded, encoder, promises, online)
        found += compared
    found.sort(key=lambda problem: (problem.file, problem.line, problem.severity))
    errors = sum(problem.severity == "error" for problem in found)
    if as_json:
        report = {"entries": len(loaded.entries), "errors": errors, "index": index, "problems": encode(found)}
        print(json.dumps(report, ensure_ascii=False, default=str))
    else:
        console = Console()
        for problem in found:
            mark = Text("✗ ", "red") if problem.severity == "error" else Text("· ", "yellow")
            console.print(mark.append(str(problem), "default"), soft_wrap=True)
        console.print(f"{len(loaded.entries)} 条可用,{errors} 处错误,{len(found) - errors} 处提醒", highlight=False)
        if index:
            console.print(f"索引 index:{index}", highlight=False)
    raise typer.Exit(1 if errors else 0)


def _compared(loaded: Loaded, encoder: str, promises: Path | None, online: bool) -> tuple[list[FileProblem], str]:
    """What shows only when entries are held against each other, against a list of promises, against the network.

    With it how the base is searched.
    """
    from knowledge_base.checks import check as compare
    from knowledge_base.checks import dead_links
    from knowledge_base.promises import SHIPPED, PromiseFileError, load_promises

    try:
        words = load_promises(promises or SHIPPED)
    except PromiseFileError as error:
        raise Problem(str(error)) from error
    finder = finder_of(loaded.entries, open_encoder(encoder))
    found = compare(finder, loaded.places, datetime.date.today(), words)
    return found + (dead_links(loaded.entries, loaded.places) if online else []), str(finder.base.index)


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


def read_questions(path: Path, *, oos: bool = False, labelled: bool = True) -> list[Query]:
    """The questions of a file. Raises Problem naming the line, and where there is none."""
    from knowledge_base.queries import QueryFileError, read_queries

    try:
        queries = read_queries(path, oos=oos, labelled=labelled)
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
    others: Annotated[
        list[str] | None,
        typer.Option("--compare", help="可多次:bm25 · encoder(只用编码器)· rasa(ResponseSelector)· 模型名或路径"),
    ] = None,
) -> None:
    """用带标准答案的问题评估 evaluate on labelled questions, on an index of its own."""
    from cli.compare import as_objects, compare
    from knowledge_base import evaluate

    asked = read_questions(queries)
    outside = read_questions(oos, oos=True) if oos else []
    finder = build_finder(faq, encoder)
    evaluation = evaluate.judge(finder, asked, outside)
    if plot:
        evaluate.plot(evaluation, plot)
    beside = compare(finder, asked, others) if others else []
    if as_json:
        # The object is fixed; only who asks for a comparison gets one more field.
        more = {"compared": as_objects(beside)} if beside else {}
        print(json.dumps(evaluation.report | more, ensure_ascii=False))
        return
    table = Table("指标", "值", box=None)
    for name, value in evaluation.report.items():
        table.add_row(name, f"{value:.4g}" if isinstance(value, float) else str(value))
    Console().print(table)
    if beside:
        ranked = Table("方法", "hit@1", "hit@3", "hit@5", "mrr", "毫秒/问", "准备(秒)", box=None)
        for one in beside:
            figures = [f"{value:.3f}" for value in one.figures.values()]
            ranked.add_row(one.name, *figures, f"{one.query_ms:.2f}", f"{one.build_s:.1f}")
        Console().print(ranked)
