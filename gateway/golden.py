"""The golden questions of the base, asked before anything is published."""

from __future__ import annotations

import logging
from pathlib import Path

from gateway.settings import Settings
from knowledge_base.queries import QueryFileError, read_queries

log = logging.getLogger("jiehua.workbench")

FILE, OUT_OF_SCOPE = "golden.jsonl", "golden_oos.jsonl"


def golden_questions(settings: Settings) -> list[tuple[str, list[str]]]:
    """(question, ids that answer it); no ids for what nothing should answer. None where there is no file.

    Beside the golden file, one of its name with `_oos` holds the questions that are out of scope.
    """
    path = Path(settings.golden) if settings.golden else settings.faq.parent / FILE
    outside = path.with_name(f"{path.stem}_oos{path.suffix}")
    found: list[tuple[str, list[str]]] = []
    for file, oos in ((path, False), (outside, True)):
        if file.is_file():
            try:
                found += [(query.text, list(query.gold)) for query in read_queries(file, oos=oos)]
            except QueryFileError as error:
                log.error("%s", error)
    return found
