"""Bases of any size, made of hand-written questions: each entry is one question about one thing, in several wordings.

The questions asked of them are other wordings of the same, which the base does not hold. Everything is drawn by seed.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

from knowledge_base.entry import FaqEntry
from knowledge_base.files import load
from language.static_encoder import StaticEncoder

ROOT = Path(__file__).resolve().parents[2]
WORDINGS = 5


def entries(count: int, seed: int = 1) -> tuple[list[FaqEntry], list[str]]:
    """`count` entries of five wordings and an answer each, and for each a question that means it."""
    draw = random.Random(seed)
    things, groups, answers = _things(), _groups(), _answers()
    made, asked = [], []
    for number in range(count):
        thing = draw.choice(things)
        group = draw.choice(groups)
        *wordings, question = (
            thing + text if draw.random() < 0.5 else text + thing for text in draw.sample(group, WORDINGS + 1)
        )
        first, *variants = wordings
        answer = f"关于{thing}：{draw.choice(answers)}"
        made.append(FaqEntry(f"e{number}", first, answer, tuple(variants)))
        asked.append(question)
    return made, asked


def _things() -> list[str]:
    """Words of two and three characters that the shipped encoder knows."""
    words = StaticEncoder.load(ROOT / "models" / "words").vocabulary
    return [word for word in words if len(word) in (2, 3) and all("\u4e00" <= c <= "\u9fff" for c in word)]


def _groups() -> list[tuple[str, ...]]:
    lines = [
        json.loads(line)
        for path in sorted((ROOT / "data" / "paraphrases").glob("*.jsonl"))
        for line in path.read_text("utf8").splitlines()
    ]
    groups = [(line["canonical"], *line["paraphrases"]) for line in lines]
    return [group for group in groups if len(group) > WORDINGS]


def _answers() -> list[str]:
    return [entry.answer for path in sorted((ROOT / "data" / "dev").glob("kb_*.jsonl")) for entry in load(path).entries]
