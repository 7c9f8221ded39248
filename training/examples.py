"""What the finder is fitted to: queries measured against bases, with the entries that answer them.

Sources and their division are told in `training.calibrate`.
"""

from __future__ import annotations

import json
import random
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from knowledge_base.encoder import SentenceEncoder
from knowledge_base.entry import FaqEntry
from knowledge_base.features import Base
from knowledge_base.files import load
from knowledge_base.queries import read_queries
from training import corpora
from training.split import VARIANTS, split_questions

FOLDS = 4
SEED = 7
#: Intent files whose lines no FAQ answers, and how many of them are drawn.
SMALL_TALK = ("small_talk", "greetings", "about_the_bot", "verdicts", "yes_no")
MOST_SMALL_TALK = 160


@dataclass(frozen=True)
class Example:
    """One query measured against one base. `gold` [c] marks right candidates; `own` [c] those known to be wrong.

    A near miss knows only that its own question is *not* meant (`own`); other queries have no `own`. `part` names the
    question, by which examples are divided; `source` the kind of data.
    """

    features: np.ndarray
    query: np.ndarray
    gold: np.ndarray
    own: np.ndarray | None
    part: str
    source: str
    in_scope: bool


def small_talk(folder: Path) -> list[str]:
    """Hand-written greetings, thanks and chatter of the intent files; none where the folder is not there."""
    lines: list[str] = []
    for name in SMALL_TALK:
        path = folder / f"{name}.yml"
        if path.exists():
            lines += re.findall(r"^\s+- (\S.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    plain = dict.fromkeys(re.sub(r"\[([^\]]*)\][({][^)}]*[)}]", r"\1", line).strip() for line in lines)
    return random.Random(SEED).sample(list(plain), min(len(plain), MOST_SMALL_TALK))


def dev_examples(folder: Path, encoder: SentenceEncoder, chatter: Sequence[str] = ()) -> list[Example]:
    """The calibration bases, each alone and all as one: their queries, what is out of scope, and `chatter`."""
    examples: list[Example] = []
    names = sorted(path.stem.removeprefix("kb_") for path in corpora.existing(folder).glob("kb_*.jsonl"))
    queries = {name: read_queries(folder / f"queries_{name}.jsonl") for name in names}
    outside = [json.loads(line) for line in (folder / "oos.jsonl").read_text("utf-8").splitlines() if line.strip()]
    bases = {name: load(folder / f"kb_{name}.jsonl").entries for name in names}
    for name in names:
        asked, entries = queries[name], bases[name]
        base = Base(entries, encoder)
        golds, parts = [query.gold for query in asked], [query.gold[0] for query in asked]
        examples += measure(base, [query.text for query in asked], golds, parts, [name] * len(asked))
        # The same questions with their entry taken out: plausible, near, and not answered.
        for removed in range(FOLDS):
            kept = [entry for entry in entries if fold_of(entry.id) != removed]
            gone = [query for query in asked if all(fold_of(gold) == removed for gold in query.gold)]
            texts, parts = [query.text for query in gone], [query.gold[0] for query in gone]
            without = Base(kept, encoder, previous=base.preparation)
            examples += measure(without, texts, [()] * len(gone), parts, ["removed"] * len(gone))
        examples += _outside(base, outside, chatter)
    together = Base([entry for name in names for entry in bases[name]], encoder)
    for name in names:
        asked = queries[name]
        golds, parts = [query.gold for query in asked], [query.gold[0] for query in asked]
        examples += measure(together, [query.text for query in asked], golds, parts, ["together"] * len(asked))
    return examples + _outside(together, outside, chatter)


def _outside(base: Base, outside: Sequence[dict[str, Any]], chatter: Sequence[str]) -> list[Example]:
    """Messages that `base` does not answer; a hard one is put only to the base that its nearest question is in."""
    held = {entry.id for entry in base.entries}
    outside = [row for row in outside if row["type"] != "hard" or row.get("near") in held]
    texts = [str(row["text"]) for row in outside]
    parts = [str(row.get("near") or row["text"]) for row in outside]
    kinds = [f"oos_{row['type']}" for row in outside]
    found = measure(base, texts, [()] * len(texts), parts, kinds)
    return found + measure(base, chatter, [()] * len(chatter), chatter, ["oos_small_talk"] * len(chatter))


def paraphrase_examples(folder: Path, encoder: SentenceEncoder) -> list[Example]:
    """Bases of whole domains; only questions that `encoder` was not trained on are asked."""
    draw = random.Random(SEED)
    questions = corpora.questions(folder)
    split = split_questions(questions)
    unseen = {q.canonical for q in (*split.seen_domains, *split.unseen_domain)}
    domains = sorted({q.domain for q in questions})
    draw.shuffle(domains)
    examples: list[Example] = []
    for start in range(0, len(domains), 3):  # three domains a base: about 95 entries, as a small business has
        group = [q for q in questions if q.domain in domains[start : start + 3]]
        asked = [q for q in group if q.canonical in unseen]
        for removed in (False, True):
            gone = {q.canonical for q in asked if removed and zlib.crc32(q.canonical.encode()) % 2}
            entries = [_as_entry(q, draw) for q in group if q.canonical not in gone]
            base = Base(entries, encoder)
            for q in asked:
                if removed and q.canonical not in gone:
                    continue
                # All wordings, not the hard ones alone: chosen for sharing no word with the entry, those would teach
                # that a shared word speaks against it.
                texts = list(dict.fromkeys(q.paraphrases[VARIANTS:]))
                gold = () if removed else (q.canonical,)
                source = "unseen_removed" if removed else "unseen_question"
                examples += measure(base, texts, [gold] * len(texts), [q.canonical] * len(texts), [source] * len(texts))
                if not removed:
                    near = list(q.near_misses)
                    examples += measure(
                        base, near, [None] * len(near), [q.canonical] * len(near), ["near_miss"] * len(near)
                    )
    return examples


def measure(
    base: Base,
    texts: Sequence[str],
    golds: Sequence[Sequence[str] | None],
    parts: Sequence[str],
    sources: Sequence[str],
) -> list[Example]:
    """Measure `texts` against `base`; a gold of None means a near miss of the entry whose id is the part."""
    ids = np.array([entry.id for entry in base.entries])
    examples = []
    for text, vector, gold, part, source in zip(texts, base.encoder.encode(list(texts)), golds, parts, sources):
        seen = base.measure(text, vector)
        names = ids[seen.entries]
        own = (names == part) if gold is None else None
        right = np.isin(names, list(gold or ()))
        examples.append(Example(seen.features, seen.query, right, own, part, source, bool(gold)))
    return examples


def _as_entry(question: corpora.Question, draw: random.Random) -> FaqEntry:
    variants = question.paraphrases[: draw.choice((1, VARIANTS, VARIANTS))]
    return FaqEntry(question.canonical, question.canonical, "", variants)


def fold_of(part: str) -> int:
    """The fold (from 0) of a question, by the checksum of its name."""
    return zlib.crc32(part.encode()) % FOLDS
