"""`jiehua kb fmt` and `kb schema`: files that look the same whoever wrote them, in editors that know the fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from cli.places import FAQ, FAQ_SCHEMA
from cli.problem import Problem
from cli.whole_file import write_whole

CheckOption = Annotated[bool, typer.Option("--check", help="只检查,不写;有要改的退出码 1 write nothing, only tell")]


def fmt(
    path: Annotated[Path, typer.Argument(help="FAQ 目录或一个 .yml 文件")] = FAQ,
    check: CheckOption = False,
) -> None:
    """整理 YAML:字段顺序、引号、列表、空行;注释一个不丢 tidy the files; every comment is kept."""
    from knowledge_base.document import DocumentError, tidy
    from knowledge_base.files import YAML_SUFFIXES, listing
    from knowledge_base.journal import finish

    if not path.exists():
        raise Problem(f"找不到 {path}")
    finish(path)
    files, problems = listing(path)
    if problems or any(file.suffix not in YAML_SUFFIXES for file in files):
        raise Problem(str(problems[0]) if problems else f"{path} 不是 .yml 文件", "只整理 YAML")
    console = Console()
    untidy = refused = 0
    for file in files:
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        try:
            before = file.read_bytes()
            after = tidy(name, before)
        except (DocumentError, OSError) as error:
            refused += 1
            told = [str(problem) for problem in error.problems] if isinstance(error, DocumentError) else [str(error)]
            for line in told:
                console.print(Text("✗ ", "red").append(line, "default"), soft_wrap=True)
            continue
        if after != before:
            untidy += 1
            console.print(Text("~ ", "yellow").append(name, "default"), soft_wrap=True)
            if not check:
                write_whole(file, after)
    done = "需要整理" if check else "已整理"
    console.print(f"{len(files)} 个文件,{done} {untidy} 个,因有错误没有动 {refused} 个", highlight=False)
    raise typer.Exit(1 if refused or (check and untidy) else 0)


def schema(
    out: Annotated[Path, typer.Option("--out", help="写到哪里 where to write it")] = FAQ_SCHEMA,
    check: CheckOption = False,
) -> None:
    """生成条目的 JSON Schema,给 VS Code 等编辑器 the JSON Schema that code editors complete and check by."""
    from knowledge_base.schema import json_schema

    text = json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n"
    current = out.read_text("utf-8") if out.exists() else ""
    if check and text != current:
        raise Problem(f"{out} 不是最新的", "运行 jiehua kb schema", status=1)
    if text != current:
        write_whole(out, text.encode("utf-8"))
    Console().print(f"{out} {'已更新' if text != current else '是最新的'}", highlight=False, soft_wrap=True)
