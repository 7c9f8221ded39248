"""Measure intent classifiers against each other on data/nlu: quality, speed, memory.

    .venv-rasa/bin/python -m training.intents [--folds 3] [--pipelines "linear;diet;..."] [--json]
    .venv-rasa/bin/python -m training.intents --folds 5 --report docs/intents.md

Each pipeline is config.yml with another classifier or other features. Examples are split into folds by a fixed seed,
every intent in each fold; a fold is classified by a model trained on the others, in a process of its own, so that
times and memory are its own. Prints a Markdown table; `--json` prints one object instead. `--report` writes the page
about the deployed pipeline: every intent, and what it is mistaken for.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from training import intent_report

ROOT = Path(__file__).resolve().parents[1]
SEED = 20261124
_DIET = {
    "name": "DIETClassifier",
    "epochs": 60,
    "constrain_similarities": True,
    "entity_recognition": False,
    "random_seed": 42,
}
_DENSE = "bot.components.dense_featurizer.EncoderFeaturizer"
_LINEAR = "bot.components.classifier.LinearIntents"


def pipelines(config: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The pipelines to compare, by name, up to and including the classifier."""
    steps = config["pipeline"]
    until = next(at for at, step in enumerate(steps) if step["name"] == _LINEAR)
    features, linear = steps[:until], steps[until]
    words = [{**step, "sequence": True} if step["name"] == _DENSE else step for step in features]
    return {
        "linear": [*features, linear],
        "linear, no encoder": [*(step for step in features if step["name"] != _DENSE), linear],
        "linear, encoder only": [*(step for step in features if "CountVectors" not in step["name"]), linear],
        "diet": [*words, _DIET],
        "diet, no encoder": [*(step for step in features if step["name"] != _DENSE), _DIET],
    }


def examples(folder: Path) -> list[tuple[str, str]]:
    """(intent, text without entity marks) of every NLU example, once each."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.yml")):
        for block in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("nlu", ()):
            if "intent" in block:
                for line in block["examples"].splitlines():
                    if line.startswith("- "):
                        found.setdefault(re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", line[2:].strip()), block["intent"])
    return [(intent, text) for text, intent in found.items()]


def folds(data: list[tuple[str, str]], count: int) -> list[list[tuple[str, str]]]:
    """`count` parts with every intent in each, by a fixed seed."""
    parts: list[list[tuple[str, str]]] = [[] for _ in range(count)]
    by_intent: dict[str, list[str]] = {}
    for intent, text in data:
        by_intent.setdefault(intent, []).append(text)
    for intent, texts in sorted(by_intent.items()):
        random.Random(f"{SEED} {intent}").shuffle(texts)
        for at, text in enumerate(texts):
            parts[at % count].append((intent, text))
    return parts


def scores(pairs: Iterable[tuple[str, str]]) -> dict[str, float]:
    """Accuracy and macro F1 of (wanted, given) intents."""
    pairs = list(pairs)
    right, wanted, given = Counter[str](), Counter[str](), Counter[str]()
    for want, got in pairs:
        wanted[want] += 1
        given[got] += 1
        right[want] += want == got
    f1 = [2 * right[name] / (count + given[name]) for name, count in wanted.items()]
    return {"accuracy": sum(right.values()) / len(pairs), "macro_f1": statistics.mean(f1)}


def measure_fold(
    pipeline: list[dict[str, Any]], train: list[tuple[str, str]], test: list[tuple[str, str]]
) -> dict[str, Any]:
    """Train and classify in this process; answers as (intent, given, text), times in seconds and ms, memory in MB."""
    os.environ.setdefault("JIEHUA_LOG_LEVEL", "ERROR")
    from bot.serve import quiet

    quiet()
    import asyncio

    import rasa.model_training
    from rasa.core.agent import Agent

    from bot.turn import readable

    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        blocks: dict[str, list[str]] = {}
        for intent, text in train:
            blocks.setdefault(intent, []).append(text)
        nlu = [{"intent": k, "examples": "".join(f"- {t}\n" for t in v)} for k, v in sorted(blocks.items())]
        (work / "nlu.yml").write_text(yaml.safe_dump({"version": "3.1", "nlu": nlu}, allow_unicode=True), "utf-8")
        config = {"recipe": "default.v1", "assistant_id": "measured", "language": "zh", "pipeline": pipeline}
        (work / "config.yml").write_text(yaml.safe_dump(config, allow_unicode=True), "utf-8")
        began, cpu = time.perf_counter(), time.process_time()
        model = rasa.model_training.train_nlu(
            config=str(work / "config.yml"), nlu_data=str(work / "nlu.yml"), output=str(work), fixed_model_name="m"
        )
        trained, trained_cpu = time.perf_counter() - began, time.process_time() - cpu
        agent = Agent.load(model)

        async def classify() -> tuple[list[tuple[str, str, str]], list[float]]:
            answers, took = [], []
            for intent, text in test:
                start = time.process_time()
                parsed = await agent.parse_message(readable(text) or "?")
                took.append(1000 * (time.process_time() - start))
                answers.append((intent, parsed["intent"]["name"], text))
            return answers, took

        answers, took = asyncio.run(classify())
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return {"answers": answers, "cpu_ms": took[10:], "train_s": trained, "train_cpu_s": trained_cpu, "rss_mb": resident}


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Measure intent classifiers on data/nlu.")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--pipelines", default="", help="names, separated by semicolons; all by default")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--report", type=Path, help="write the page about the deployed pipeline here")
    parser.add_argument("--one", nargs=2, metavar=("NAME", "FOLD"), help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    os.chdir(ROOT)
    config = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
    available = pipelines(config)
    parts = folds(examples(ROOT / "data" / "nlu"), chosen.folds)
    if chosen.one:
        name, fold = chosen.one[0], int(chosen.one[1])
        train = [pair for at, part in enumerate(parts) if at != fold for pair in part]
        print("\n" + json.dumps(measure_fold(copy.deepcopy(available[name]), train, parts[fold])))
        return 0
    if chosen.report:
        answers = [tuple(row) for part in _folds_measured("linear", chosen.folds) for row in part["answers"]]
        chosen.report.write_text(intent_report.page(answers, chosen.folds), encoding="utf-8")
        return 0
    names = [name.strip() for name in chosen.pipelines.split(";") if name.strip()] or list(available)
    rows = {name: _measured(name, chosen.folds) for name in names}
    if chosen.json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        print(_table(rows, sum(map(len, parts)), chosen.folds))
    return 0


def _folds_measured(name: str, count: int) -> list[dict[str, Any]]:
    """What `measure_fold` found in each of `count` folds, each in a process of its own."""
    parts = []
    for fold in range(count):
        print(f"{name}: fold {fold + 1} of {count} ...", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", "training.intents", "--folds", str(count), "--one", name, str(fold)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{name}: fold {fold + 1} failed:\n{done.stderr[-3000:]}")
        parts.append(json.loads(done.stdout.strip().splitlines()[-1]))
    return parts


def _measured(name: str, count: int) -> dict[str, float]:
    parts = _folds_measured(name, count)
    return {
        **scores((wanted, given) for part in parts for wanted, given, _ in part["answers"]),
        "cpu_ms_p50": statistics.median(ms for part in parts for ms in part["cpu_ms"]),
        "train_cpu_s": statistics.mean(part["train_cpu_s"] for part in parts),
        "rss_mb": max(part["rss_mb"] for part in parts),
    }


def _table(rows: dict[str, dict[str, float]], count: int, folds_: int) -> str:
    lines = [
        f"{count} examples, {folds_} folds; {platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}. CPU times of the process, so that other load on the machine counts less.",
        "",
        "| pipeline | macro F1 | accuracy | CPU a message, p50 | training CPU | resident |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        lines.append(
            f"| {name} | {row['macro_f1']:.3f} | {row['accuracy']:.3f} | {row['cpu_ms_p50']:.1f} ms "
            f"| {row['train_cpu_s']:.0f} s | {row['rss_mb']:.0f} MB |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
