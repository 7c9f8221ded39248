"""`jiehua kb eval --compare`: the finder beside other ways to find an entry, on the same base and questions."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cli.places import RASA_PYTHON, ROOT
from cli.problem import Problem
from cli.processes import die_with_parent

if TYPE_CHECKING:  # imported where they are used: torch takes seconds
    from knowledge_base.compare import Compared
    from knowledge_base.finder import Finder
    from knowledge_base.queries import Query

#: What `--compare` calls the ways that are no model.
BM25, ALONE, SELECTOR = "bm25", "encoder", "rasa"


def compare(finder: Finder, queries: Sequence[Query], names: Sequence[str]) -> list[Compared]:
    """The finder first, then each way of `names`: BM25, ALONE, SELECTOR, or a sentence-transformers model."""
    from cli.kb import open_encoder
    from knowledge_base import compare as ways

    found = [ways.compared("jiehua", lambda: ways.by_finder(finder), queries)]
    for name in names:
        if name == SELECTOR:
            found.append(_by_rasa(finder, queries))
        elif name == BM25:
            found.append(ways.compared(BM25, lambda: ways.by_words(finder.entries), queries))
        else:
            alone = finder.base.encoder if name == ALONE else open_encoder(name)
            make = functools.partial(ways.by_cosine, finder.entries, alone)
            found.append(ways.compared("encoder alone" if name == ALONE else f"{name} alone", make, queries))
    return found


def as_objects(found: Sequence[Compared]) -> list[dict[str, Any]]:
    """For `--json`."""
    return [
        {"name": one.name, **one.figures, "query_ms": round(one.query_ms, 3), "build_s": round(one.build_s, 3)}
        for one in found
    ]


def _by_rasa(finder: Finder, queries: Sequence[Query]) -> Compared:
    from knowledge_base import compare as ways

    if not RASA_PYTHON.exists():
        raise Problem("Rasa 的环境 .venv-rasa 还没有装", "运行 make setup")
    entries = [{"id": entry.id, "wordings": list(entry.wordings)} for entry in finder.entries]
    request = json.dumps({"entries": entries, "texts": [query.text for query in queries]}, ensure_ascii=False)
    with tempfile.TemporaryFile("w+", encoding="utf8", errors="replace") as noise:
        done = subprocess.run(
            [str(RASA_PYTHON), "-m", "training.response_selector"],
            input=request, stdout=subprocess.PIPE, stderr=noise, text=True, encoding="utf-8", cwd=ROOT, check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)}, preexec_fn=die_with_parent,
        )  # fmt: skip
        if done.returncode:
            noise.seek(0)
            raise Problem("Rasa 的 ResponseSelector 没有训练成功", "".join(noise.readlines()[-5:]), status=1)
    result = json.loads(done.stdout)
    ranked = ways.compared("Rasa ResponseSelector", lambda: lambda texts: result["ranked"], queries)
    return ways.Compared(ranked.name, ranked.figures, result["query_ms"], result["build_s"])
