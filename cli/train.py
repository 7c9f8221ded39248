"""`jiehua train`: rebuild what is in models/."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.places import ENCODER, SENTIMENT, WORDS
from cli.problem import Problem

app = typer.Typer(no_args_is_help=True, help="重新训练 models/ 里的模型 rebuild the models")
SourceOption = Annotated[Path, typer.Option("--data", help="训练数据目录,见 training/README.md")]
WorkOption = Annotated[Path | None, typer.Option("--work", help="中间结果 intermediate files")]


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise Problem(f"训练数据目录 {path} 不存在", "training/README.md 写明了数据从哪里取")
    return path


def _tell_progress() -> None:
    """The recipes report their steps and scores as log lines."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("training").setLevel(logging.INFO)


@app.command()
def rasa(
    if_changed: Annotated[bool, typer.Option("--if-changed", help="没有变化就跳过 skip when nothing changed")] = False,
) -> None:
    """Rasa 模型(含 spaCy 实体管线)the Rasa model with its spaCy pipeline."""
    from cli.up import train_rasa

    train_rasa(Console(), if_changed=if_changed)


@app.command()
def encoder(
    data: SourceOption,
    out: Path = ENCODER,
    work: WorkOption = None,
) -> None:
    """句向量编码器 the sentence encoder."""
    from training import encoder as recipe

    _tell_progress()
    recipe.main(_folder(data), out, work or Path(tempfile.mkdtemp(prefix="jiehua-train-")))


@app.command()
def words(data: SourceOption, out: Path = WORDS, work: WorkOption = None) -> None:
    """词向量表 the table of words."""
    from training import words as recipe

    _tell_progress()
    recipe.main(_folder(data), out, work or Path(tempfile.mkdtemp(prefix="jiehua-train-")))


@app.command()
def sentiment(data: SourceOption, out: Path = SENTIMENT, work: WorkOption = None) -> None:
    """情绪与信号模型 sentiment and signals."""
    from training import sentiment as recipe

    recipe.main(_folder(data), out, work or Path(tempfile.mkdtemp(prefix="jiehua-train-")))
