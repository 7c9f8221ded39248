"""The texts that the recipes read, by their names in a data folder (see README.md of this folder).

Every reader takes the data folder, yields normalised texts and skips what is not there only when told so: a
missing file is an error that names it, since a silent gap would train a worse model.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from language.normalise import normalise


class DataMissing(Exception):
    """A data file that the recipe needs is not there; the message names it."""


@dataclass(frozen=True)
class Question:
    """One customer question with its other wordings, and near misses that ask for something else."""

    domain: str
    canonical: str
    paraphrases: tuple[str, ...]
    near_misses: tuple[str, ...]

    @property
    def wordings(self) -> tuple[str, ...]:
        return (self.canonical, *self.paraphrases)


@dataclass(frozen=True)
class EmotionLine:
    """One labelled customer line; see data/emotion/README.md for the rules of labelling."""

    text: str
    sentiment: str
    anger: int
    wants_human: int
    threat: int


def existing(path: Path) -> Path:
    if not path.exists():
        raise DataMissing(f"{path} is missing; training/README.md says where to get it")
    return path


def table(path: Path) -> Iterator[dict[str, str]]:
    """Rows of a tab-separated file with a header and no quoting."""
    with existing(path).open(encoding="utf-8") as lines:
        yield from csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)


def questions(folder: Path) -> list[Question]:
    """All hand-written questions of a folder of `*.jsonl`, in file order."""
    found = []
    for path in sorted(existing(folder).glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                row = json.loads(line)
                found.append(
                    Question(
                        row.get("domain", path.stem),
                        normalise(row["canonical"]),
                        tuple(normalise(p) for p in row["paraphrases"]),
                        tuple(normalise(p) for p in row.get("near_misses", ())),
                    )
                )
    if not found:
        raise DataMissing(f"{folder} holds no questions (*.jsonl)")
    return found


def emotion_lines(folder: Path) -> list[EmotionLine]:
    """All hand-written labelled lines of a folder of `emotion*.tsv`, first label kept for a repeated text."""
    found: dict[str, EmotionLine] = {}
    for path in sorted(existing(folder).glob("emotion*.tsv")):
        for row in table(path):
            line = EmotionLine(
                row["text"], row["sentiment"], int(row["anger"]), int(row["wants_human"]), int(row["threat"])
            )
            found.setdefault(normalise(line.text), line)
    if not found:
        raise DataMissing(f"{folder} holds no labelled lines (emotion*.tsv)")
    return list(found.values())


def tatoeba(data: Path) -> list[tuple[str, str]]:
    """English and Chinese sentence pairs."""
    return [(row["en"], normalise(row["zh"])) for row in table(data / "trainable" / "tatoeba_en_zh.tsv")]


def conversation(data: Path) -> list[str]:
    """Unlabelled Chinese sentences: dialogue turns of four corpora and Tatoeba, each once, 2 to 60 characters."""
    folder = data / "trainable"
    texts: list[str] = [zh for _, zh in tatoeba(data)]
    for row in table(folder / "turns_kdconv_dev_test.tsv"):
        texts += [row["text"], row["reply"]]
    texts += [row["text"] for row in table(folder / "utt_crosswoz_val_test.tsv")]
    for name in ("emo_cped_valid.tsv", "emo_cped_test.tsv", "emo_xed_cn.tsv"):
        texts += [row["text"] for row in table(folder / name)]
    for row in table(folder / "pairs_pawsx_zh_dev.tsv"):
        texts += [row["text1"], row["text2"]]
    return [t for t in dict.fromkeys(normalise(t) for t in texts if t) if 2 <= len(t) <= 60]


_ENTRY = re.compile(r"(\S+) (\S+) \[([^\]]*)\] /(.*)/")


def dictionary(data: Path) -> dict[str, list[str]]:
    """CC-CEDICT: simplified word to its English glosses, proper names left out, cross-references dropped."""
    glosses: dict[str, list[str]] = {}
    path = existing(data / "trainable" / "cedict_1_0_ts_utf-8_mdbg.txt.gz")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            entry = _ENTRY.match(line)
            if not entry or (entry[3][:1].isupper() and len(entry[2]) > 1):
                continue
            senses = [_plain(sense) for sense in entry[4].split("/") if not _CROSS_REFERENCE.match(sense)]
            glosses.setdefault(normalise(entry[2]), []).extend([s for s in senses if s][:3])
    return {word: senses for word, senses in glosses.items() if senses}


_CROSS_REFERENCE = re.compile(r"(variant of|old variant|see |CL:|surname|abbr)")


def _plain(sense: str) -> str:
    """A gloss without brackets and Chinese characters."""
    sense = re.sub(r"\(.*?\)|\[[^\]]*\]", "", sense)
    return re.sub(r"[^\x00-\x7f]+\|?", "", sense).strip(" ;,")
