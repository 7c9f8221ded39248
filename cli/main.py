"""The `jiehua` command: every subcommand, its options and its exit status (0 good, 1 found wanting, 2 misuse)."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli import (
    agents,
    conversations,
    depart,
    evaluate,
    exchange,
    insight,
    kb,
    report,
    review,
    settings,
    tell,
    tidy,
    train,
)
from cli.problem import Problem

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="接话:答得上就答,答不上马上请人。",
)
kb.app.command("import")(exchange.import_)
kb.app.command("export")(exchange.export)
kb.app.command()(tidy.fmt)
kb.app.command()(tidy.schema)
kb.app.command()(review.replay)
kb.app.command()(review.gaps)
kb.app.command()(tell.tell)
kb.app.command()(review.calibrate)
agents.app.command("depart")(depart.depart)
agents.app.command("return")(depart.return_)
agents.app.command("site-secret")(depart.site_secret)
app.add_typer(kb.app, name="kb")
app.add_typer(agents.app, name="agents")
app.add_typer(conversations.app, name="conversations")
app.add_typer(settings.app, name="settings")
app.add_typer(train.app, name="train")
app.add_typer(evaluate.emotion, name="emotion")
app.add_typer(evaluate.sessions, name="sessions")

DataOption = Annotated[Path, typer.Option("--data", envvar="JIEHUA_DATA", help="数据目录 data folder")]


@app.command()
def up(
    data: DataOption = Path("var"),
    port: Annotated[int, typer.Option(envvar="JIEHUA_PORT", min=0, max=65535, help="0 = 任选 any free")] = 8000,
    host: Annotated[str, typer.Option(envvar="JIEHUA_HOST", help="监听地址 listen address")] = "127.0.0.1",
    faq: Annotated[Path | None, typer.Option(envvar="JIEHUA_FAQ", help="知识库 FAQ folder or file")] = None,
    encoder: Annotated[str | None, typer.Option(envvar="JIEHUA_ENCODER", help="编码器 path or hub name")] = None,
) -> None:
    """启动整套服务并等到它答上问题 start the stack and wait until it answers."""
    from cli.stack import plan
    from cli.up import up as run

    run(plan(data=data, port=port, host=host, faq=faq, encoder=encoder), Console())


@app.command()
def ask(
    text: Annotated[str | None, typer.Argument(help="一句话 the question")] = None,
    stdin: Annotated[bool, typer.Option("--stdin", help="每行一句,同一会话 one turn a line, one conversation")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    data: DataOption = Path("var"),
) -> None:
    """向正在运行的接话提问 one turn through the running stack."""
    import aiohttp

    from cli.ask import as_lines, ask_once
    from cli.stack import running

    if stdin == (text is not None):
        raise Problem("给出一句话,或者用 --stdin 从标准输入读", "例:jiehua ask 退款多久到账")
    stack = running(data)
    sender = f"cli-{uuid.uuid4().hex}"

    async def turn(line: str) -> None:
        try:
            replies = await ask_once(stack.url, line, sender=sender)
        except (aiohttp.ClientError, asyncio.TimeoutError) as error:
            raise Problem(f"连不上 {stack.url}:{error or '超时'}", "看看 jiehua doctor", status=1) from error
        print(json.dumps(replies, ensure_ascii=False) if as_json else "\n".join(as_lines(replies)), flush=True)

    for line in sys.stdin if stdin else [text or ""]:
        if line.strip() or not stdin:
            asyncio.run(turn(line.strip()))


@app.command()
def doctor(data: DataOption = Path("var"), as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """检查环境、模型、知识库和正在运行的服务 check environments, models, FAQ and the running stack."""
    from cli.doctor import examine

    findings = examine(data)
    if as_json:
        print(json.dumps([finding.as_dict() for finding in findings], ensure_ascii=False))
    else:
        console = Console()
        for finding in findings:
            mark = "[green]✓[/]" if finding.good else "[red]✗[/]" if finding.needed else "[yellow]·[/]"
            console.print(f"{mark} {finding.line()}", highlight=False)
    raise typer.Exit(0 if all(finding.good or not finding.needed for finding in findings) else 1)


app.command("report")(report.report)
app.command("insight")(insight.insight)


def main() -> None:
    """Run the command; a Problem becomes one line on standard error and an exit status."""
    try:
        app()
    except Problem as problem:
        print(f"✗ {problem}", file=sys.stderr)
        sys.exit(problem.status)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
