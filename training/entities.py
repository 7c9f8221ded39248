"""Build the spaCy pipeline that finds product names and spelled-out times, and the jieba dictionary it needs.

    .venv-rasa/bin/python -m training.entities [--out models/spacy] [--words models/rasa/words]

The pipeline is `zh` with the jieba segmenter and one entity ruler; nothing is trained. Products come from the lookup
table, the synonyms and the annotated examples of data/nlu. The dictionary keeps products and the tags of the FAQ in
one piece, where jieba alone would cut them.
"""

from __future__ import annotations

import argparse
import logging
import re
import shutil
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
NLU = ROOT / "data" / "nlu"
FAQ = ROOT / "knowledge_base" / "faq"
OUT = ROOT / "models" / "spacy"
WORDS = ROOT / "models" / "rasa" / "words"

_TIMES = [
    "去年",
    "今年",
    "明年",
    "前年",
    "周末",
    "上周末",
    "这周末",
    "下周末",
    "月初",
    "月底",
    "年底",
    "上半年",
    "下半年",
]
_CHINESE = re.compile(r"[\u4e00-\u9fff]{2,8}")


def product_names(folder: Path = NLU) -> dict[str, str]:
    """Each wording of a product and its list name, longest wording first."""
    listed: list[str] = []
    synonyms: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.yml")):
        for block in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("nlu", ()):
            examples = [line[2:].strip() for line in block.get("examples", "").splitlines() if line.startswith("- ")]
            if block.get("lookup") == "product":
                listed += examples
            elif "synonym" in block:
                synonyms.setdefault(block["synonym"], []).extend(examples)
            elif "intent" in block:
                for example in examples:
                    listed += re.findall(r"\[([^\]]+)\]\(product\)", example)
    names = {name: name for name in listed}
    for name, others in synonyms.items():
        if name in names or any(other in names for other in others):
            names.update({wording: name for wording in (name, *others)})
    return dict(sorted(names.items(), key=lambda pair: (-len(pair[0]), pair[0])))


def faq_words(folder: Path = FAQ) -> list[str]:
    """Tags of the FAQ entries that are Chinese words; a file that does not parse is left to `jiehua kb check`."""
    words: set[str] = set()
    for path in sorted(folder.rglob("*.yml")):
        try:
            entries = yaml.safe_load(path.read_text(encoding="utf-8")) or ()
        except yaml.YAMLError:
            continue
        for entry in entries if isinstance(entries, list) else ():
            tags = entry.get("tags") if isinstance(entry, dict) else None
            words.update(tag for tag in tags or () if isinstance(tag, str) and _CHINESE.fullmatch(tag))
    return sorted(words)


def dictionary(words: Iterable[str]) -> str:
    """Lines of a jieba user dictionary: those of `words` that jieba would cut, with the frequency that joins them."""
    jieba = _jieba()
    cut = [word for word in sorted(set(words)) if list(jieba.cut(word, HMM=False)) != [word]]
    return "".join(f"{word} {max(jieba.suggest_freq(word), 3)}\n" for word in cut)


def write_dictionary(folder: Path, text: str) -> None:
    """Write the dictionary into `folder`, and only when it differs (its date tells when words last changed)."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "shop.txt"
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        target.write_text(text, encoding="utf-8")


def build(out: Path, products: dict[str, str], words: Path) -> None:
    """Write the pipeline to the folder `out`, replacing what was there; `words` holds the jieba dictionary."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import spacy
    jieba = _jieba()
    for path in sorted(words.glob("*")):
        jieba.load_userdict(str(path))
    pipeline = spacy.blank("zh", config={"nlp": {"tokenizer": {"segmenter": "jieba"}}})
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns(patterns(products))  # type: ignore[attr-defined]
    new = out.with_name(out.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    pipeline.to_disk(new)
    shutil.rmtree(out, ignore_errors=True)
    new.rename(out)


def patterns(products: dict[str, str]) -> list[dict[str, Any]]:
    """Patterns of the entity ruler: products by their list name, and times that are words."""
    found: list[dict[str, Any]] = [
        {"label": "product", "pattern": wording, "id": name} for wording, name in products.items()
    ]
    found += [{"label": "date", "pattern": word} for word in _TIMES]
    return found


def _jieba() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba 0.42 imports pkg_resources and has old string escapes
        import jieba
    jieba.setLogLevel(logging.WARNING)
    return jieba


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Build the spaCy pipeline of the bot and its jieba dictionary.")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--words", type=Path, default=WORDS)
    chosen = parser.parse_args(arguments)
    products = product_names()
    write_dictionary(chosen.words, dictionary([*products, *faq_words()]))
    build(chosen.out, products, chosen.words)
    print(f"{len(products)} product wordings in {chosen.out.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
