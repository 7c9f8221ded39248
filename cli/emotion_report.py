"""Scores of the sentiment model on a labelled file."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sklearn.metrics import f1_score

from cli.problem import Problem
from language.sentiment import SentimentModel

COLUMNS = ("text", "sentiment", "anger", "wants_human", "threat")
LABELS = ("negative", "neutral", "positive")


@dataclass(frozen=True)
class Labelled:
    """One labelled line: sentiment is one of LABELS, anger 0 to 3."""

    text: str
    sentiment: str
    anger: int
    wants_human: bool
    threat: bool


def read_labelled(path: Path) -> list[Labelled]:
    """Rows of the TSV of `emotion eval`. Raises Problem naming the first bad line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise Problem(f"{path}:1 缺少列 {'、'.join(missing)}", f"表头应为 {' '.join(COLUMNS)},以制表符分隔")
            rows = [_row(path, number, row) for number, row in enumerate(reader, 2)]
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"读不了 {path}:{error}", "需要 UTF-8 的 TSV") from error
    if not rows:
        raise Problem(f"{path} 没有数据行")
    return rows


def _row(path: Path, number: int, row: dict[str, str]) -> Labelled:
    try:
        if row["sentiment"] not in LABELS:
            raise ValueError(f"sentiment {row['sentiment']!r} 不是 {'/'.join(LABELS)}")
        return Labelled(
            row["text"], row["sentiment"], int(row["anger"]), row["wants_human"] == "1", row["threat"] == "1"
        )
    except (ValueError, TypeError) as error:
        raise Problem(f"{path}:{number} {error}") from error


def report(model: SentimentModel, rows: Sequence[Labelled]) -> dict[str, float]:
    """The figures of `emotion eval --json`, decided with the thresholds that the live pipeline uses."""
    read = [model.read(row.text) for row in rows]
    gold = [row.sentiment for row in rows]
    said = [sentiment.label for sentiment in read]
    wants = [model.wants_human_yes(sentiment) for sentiment in read]
    threat = [model.threat_yes(sentiment) for sentiment in read]
    return {
        "n": len(rows),
        "sentiment_macro_f1": float(f1_score(gold, said, average="macro", labels=LABELS, zero_division=0)),
        "negative_f1": float(f1_score(gold, said, average=None, labels=["negative"], zero_division=0)[0]),
        "anger_mae": sum(abs(s.anger - row.anger) for s, row in zip(read, rows)) / len(rows),
        "wants_human_f1": float(f1_score([row.wants_human for row in rows], wants, zero_division=0)),
        "threat_f1": float(f1_score([row.threat for row in rows], threat, zero_division=0)),
    }
