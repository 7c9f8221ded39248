"""Rank FAQ entries by Rasa's own ResponseSelector, trained on the same wordings: what the finder is held against.

    .venv-rasa/bin/python -m training.response_selector < request.json > ranking.json

Reads `{"entries": [{"id", "wordings": [...]}], "texts": [...]}` and writes `{"build_s", "query_ms", "ranked"}`, where
`ranked` has a list of ids for every text, best first. The pipeline is Rasa's usual one for Chinese: jieba, character
n-grams and the selector with its default settings.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

#: Rasa's defaults but for the seed and how many of the ranking are told.
PIPELINE: list[dict[str, Any]] = [
    {"name": "JiebaTokenizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
    {
        "name": "ResponseSelector",
        "retrieval_intent": "faq",
        "epochs": 300,
        "constrain_similarities": True,
        "ranking_length": 10,
        "random_seed": 42,
    },
]


def rank(entries: list[dict[str, Any]], texts: list[str]) -> dict[str, Any]:
    """Train on the entries' wordings, then rank the entries for every text."""
    import rasa.model_training
    from rasa.core.agent import Agent

    keys = [f"e{at}" for at in range(len(entries))]  # ids may hold what a retrieval intent may not
    ids = dict(zip(keys, (entry["id"] for entry in entries)))
    nlu = [
        {"intent": f"faq/{key}", "examples": "".join(f"- {_plain(text)}\n" for text in entry["wordings"])}
        for key, entry in zip(keys, entries)
    ]
    responses = {f"utter_faq/{key}": [{"text": key}] for key in keys}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        _write(work / "nlu.yml", {"version": "3.1", "nlu": nlu, "responses": responses})
        _write(
            work / "config.yml", {"recipe": "default.v1", "assistant_id": "x", "language": "zh", "pipeline": PIPELINE}
        )
        _write(work / "domain.yml", {"version": "3.1", "intents": ["faq"], "responses": responses})
        began = time.perf_counter()
        model = rasa.model_training.train_nlu(
            config=str(work / "config.yml"), nlu_data=str(work / "nlu.yml"), output=str(work),
            fixed_model_name="selector", domain=str(work / "domain.yml"),
        )  # fmt: skip
        build_s = time.perf_counter() - began
        agent = Agent.load(model)

        async def ask() -> list[list[str]]:
            ranked = []
            for text in texts:
                parsed = await agent.parse_message(_plain(text) or "?")
                found = parsed["response_selector"]["faq"]["ranking"]
                ranked.append([ids[row["intent_response_key"].removeprefix("faq/")] for row in found])
            return ranked

        began = time.perf_counter()
        ranked = asyncio.run(ask())
        query_ms = 1000 * (time.perf_counter() - began) / max(1, len(texts))
    return {"build_s": build_s, "query_ms": query_ms, "ranked": ranked}


def _plain(text: str) -> str:
    """One line without the marks that Rasa reads as entities."""
    return " ".join(text.split()).replace("[", "(").replace("]", ")").replace("{", "(").replace("}", ")")


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def main() -> int:
    """Standard input to standard output; what Rasa prints goes to standard error."""
    os.environ.setdefault("JIEHUA_LOG_LEVEL", "ERROR")
    request = json.load(sys.stdin)
    answer = os.dup(1)
    os.dup2(2, 1)
    from bot.serve import quiet

    quiet()
    found = rank(request["entries"], request["texts"])
    with os.fdopen(answer, "w", encoding="utf-8") as out:
        json.dump(found, out, ensure_ascii=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
