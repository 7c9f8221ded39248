"""Questions with known answers, as the fixed JSON Lines format holds them: {"text", "gold": [id, ...], "style"}."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Query:
    """A question with the ids of the entries that answer it (any one is right); no gold: out of scope."""

    text: str
    gold: tuple[str, ...] = ()
    style: str = ""


class QueryFileError(Exception):
    """The file of queries cannot be read: {file}:{line}: {what}."""


def read_queries(path: Path, *, oos: bool = False, labelled: bool = True) -> list[Query]:
    """Read JSON Lines of `{"text", "gold": [...], "style"}`, or `{"text"}` where `oos`; not `labelled`: gold may lack.

    Raises QueryFileError naming the line.
    """
    queries = []
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise QueryFileError(f"{path}: cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            document = json.loads(line)
            text, gold = document["text"], document.get("gold") or []
            gold = [gold] if isinstance(gold, str) else gold
            if not isinstance(text, str) or not all(isinstance(item, (str, int)) for item in gold):
                raise TypeError("text must be a string and gold a list of ids")
            if not gold and not oos and labelled:
                raise ValueError("no gold: put questions without an answer into the --oos file")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise QueryFileError(f"{path}:{number}: {error!r}") from error
        queries.append(Query(text, () if oos else tuple(map(str, gold)), str(document.get("style") or "")))
    return queries
