"""Train the bot's Rasa model, when its inputs have changed.

    .venv-rasa/bin/python -m bot.train [--if-changed | --check]

Writes models/spacy (the entity pipeline), models/rasa/words (the jieba dictionary) and models/rasa/jiehua.tar.gz with
a manifest of the digests of everything it was trained from. `--check` and an up-to-date `--if-changed` import neither
Rasa nor spaCy and take about a second.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bot.paths import MANIFEST, MODEL, MODEL_FOLDER, ROOT, SPACY, WORDS, word_table

_FILES = ("config.yml", "domain.yml", "training/entities.py", "requirements/bot.lock")
_FOLDERS = (("data", "*.yml"), ("bot/components", "*.py"))
_STEPS = 4


def inputs() -> dict[str, str]:
    """Digest (SHA-256, hex) of each thing that the model is made of, by name."""
    from training.entities import faq_words

    found = {str(path.relative_to(ROOT)): _digest(path) for path in _sources()}
    found |= word_table_inputs()
    found["faq words"] = hashlib.sha256("\n".join(faq_words()).encode()).hexdigest()
    return found


def word_table_inputs() -> dict[str, str]:
    """Digests of the word table's files, by name."""
    folder = word_table()
    return {
        f"words/{path.relative_to(folder)}": _digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in {".safetensors", ".json"}
    }


def word_table_differs(manifest: Path) -> bool:
    """Whether the word table is another than the model of this manifest was trained with (False without a manifest)."""
    try:
        trained = json.loads(manifest.read_text(encoding="utf-8"))["inputs"]
    except (OSError, ValueError, KeyError):
        return False
    return {name: digest for name, digest in trained.items() if name.startswith("words/")} != word_table_inputs()


def changes(now: dict[str, str]) -> list[str]:
    """Names of the inputs that differ from those of the trained model; ["no model"] when there is none."""
    if not MODEL.is_file() or not SPACY.is_dir():
        return ["no model"]
    try:
        before = json.loads(MANIFEST.read_text(encoding="utf-8"))["inputs"]
    except (OSError, ValueError, KeyError):
        return ["no manifest"]
    return sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))


def train(now: dict[str, str]) -> None:
    """Build the entity pipeline and train the model; the old model stays until the new one is whole."""
    from bot.serve import quiet

    began = time.monotonic()
    _say(1, "dictionary and entity pipeline")
    from training import entities

    products = entities.product_names()
    entities.write_dictionary(WORDS, entities.dictionary([*products, *entities.faq_words()]))
    entities.build(SPACY, products, WORDS)

    _say(2, "loading Rasa")
    os.chdir(ROOT)
    quiet()
    import rasa

    _say(3, "training intents and rules (about half a minute)")
    fresh = MODEL_FOLDER / "new"
    shutil.rmtree(fresh, ignore_errors=True)
    result = rasa.train(
        domain="domain.yml",
        config="config.yml",
        training_files=["data"],
        output=str(fresh),
        fixed_model_name=MODEL.name.removesuffix(".tar.gz"),
        force_training=True,
    )
    if not result.model:
        raise RuntimeError(f"Rasa gave no model (status {result.code})")

    _say(4, "putting the model in place")
    Path(result.model).replace(MODEL)
    shutil.rmtree(fresh, ignore_errors=True)
    seconds = round(time.monotonic() - began, 1)
    manifest = {"model": MODEL.name, "model_sha256": _digest(MODEL), "seconds": seconds, "inputs": now}
    MANIFEST.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"trained in {seconds:.0f} s: {MODEL.relative_to(ROOT)}", flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Command line: 0 trained or up to date, 1 training failed (or, with --check, is needed)."""
    parser = argparse.ArgumentParser(prog="python -m bot.train", description="Train the bot's Rasa model.")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--if-changed", action="store_true", help="train only when an input has changed")
    mode.add_argument("--check", action="store_true", help="train nothing; status 1 when a training is needed")
    chosen = parser.parse_args(arguments)
    now = inputs()
    changed = changes(now)
    if chosen.check or (chosen.if_changed and not changed):
        print("model is up to date" if not changed else f"training needed: {', '.join(changed[:5])}")
        return 1 if changed else 0
    if os.environ.get("PYTHONHASHSEED") is None:
        # Rasa's training depends on the order of sets; with a seed the same inputs give the same model.
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(  # noqa: S606 (this same program once more)
            sys.executable, [sys.executable, "-m", "bot.train", *(sys.argv[1:] if arguments is None else arguments)]
        )
    try:
        train(now)
    except Exception as error:
        print(f"training failed: {type(error).__name__}: {error}", file=sys.stderr)
        if os.environ.get("JIEHUA_LOG_LEVEL", "").upper() == "DEBUG":
            raise
        return 1
    return 0


def _sources() -> Iterator[Path]:
    for name in _FILES:
        path = ROOT / name
        if path.is_file():
            yield path
    for folder, pattern in _FOLDERS:
        yield from sorted((ROOT / folder).rglob(pattern))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _say(step: int, what: str) -> None:
    print(f"[{step}/{_STEPS}] {what} ...", flush=True)


if __name__ == "__main__":
    sys.exit(main())
