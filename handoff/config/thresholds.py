"""When a person is called 触发规则: the thresholds of `triggers.yml`, and plain words added to its lists.

What is set here is laid over the file, so that the file stays what an upgrade brings. Words are plain text, not
expressions. Read inside Rasa too, hence the Python 3.10 floor.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from handoff.config.reading import Reader
from handoff.triggers import TriggerPolicy, Words, plain

#: Least and most of each threshold; whole numbers are counts.
RANGES: Mapping[str, tuple[float, float] | tuple[int, int]] = {
    "wants_human": (0.0, 1.0),
    "wants_human_with_intent": (0.0, 1.0),
    "intent_confidence": (0.0, 1.0),
    "anger": (0.0, 3.0),
    "anger_with_words": (0.0, 3.0),
    "threat": (0.0, 1.0),
    "threat_with_words": (0.0, 1.0),
    "repeat_similarity": (0.0, 1.0),
    "repeat_overlap": (0.0, 1.0),
    "askings": (2, 20),
    "failures": (1, 20),
    "misses": (1, 20),
    "vip_misses": (1, 20),
    "unanswered": (1, 50),
}
#: The word lists by the name an administrator sees.
LISTS: Mapping[str, str] = {
    "request": "request",
    "threat": "threat_words",
    "sensitive": "sensitive",
    "anger": "anger_words",
    "failure": "failure",
    "repeat": "repeat",
}
MOST_WORDS = 200
MOST_WORD = 40


@dataclass(frozen=True)
class Thresholds:
    """What differs from the file: `values` by threshold, `words` added to each list, `never` what must not count."""

    values: Mapping[str, float] = field(default_factory=dict)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    never: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def set(self) -> dict[str, Any]:
        """What differs from the file, as a document; empty when nothing does."""
        return write(self) if self != Thresholds() else {}

    def over(self, policy: TriggerPolicy) -> TriggerPolicy:
        """The policy with this laid over it."""
        lists = {}
        for name in {*self.words, *self.never}:
            known: Words = getattr(policy, LISTS[name])
            lists[LISTS[name]] = replace(
                known,
                phrases=(*known.phrases, *map(_pattern, self.words.get(name, ()))),
                veto=(*known.veto, *map(_pattern, self.never.get(name, ()))),
            )
        values: dict[str, Any] = {**self.values, **lists}
        return replace(policy, **values)


def read(document: Reader) -> Thresholds:
    """{"thresholds": {NAME: VALUE}, "words": {LIST: [WORD]}, "never": {LIST: [WORD]}}; what is left out stays."""
    given = document.fields("thresholds", "words", "never")
    values: dict[str, float] = {}
    for name, one in given["thresholds"].fields(*RANGES).items() if "thresholds" in given else ():
        least, most = RANGES[name]
        if isinstance(least, int) and isinstance(most, int):
            values[name] = one.whole(least, most)
        else:
            values[name] = one.number(least, most)
    words = _lists(given["words"]) if "words" in given else {}
    never = _lists(given["never"]) if "never" in given else {}
    for name in words.keys() & never.keys():
        for both in sorted(set(words[name]) & set(never[name])):
            document.wrong(f"「{both}」既在 words.{name} 又在 never.{name} 里。")
    return Thresholds(values, words, never)


def _lists(value: Reader) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, one in value.fields(*LISTS).items():
        words = []
        for item in one.items():
            word = item.text(most=MOST_WORD, empty=False)
            if word and len(plain(word)) < 2:
                item.wrong("一个字太容易误触发，请写完整的词。")
            words.append(word)
        if len(words) > MOST_WORDS:
            one.wrong(f"最多 {MOST_WORDS} 个词。")
        found[name] = tuple(dict.fromkeys(words))
    return found


def write(thresholds: Thresholds) -> dict[str, Any]:
    """The document of these thresholds."""
    return {
        "thresholds": dict(thresholds.values),
        "words": {name: list(words) for name, words in thresholds.words.items()},
        "never": {name: list(words) for name, words in thresholds.never.items()},
    }


def shipped() -> dict[str, float]:
    """The thresholds of the file that ships."""
    policy = _shipped()
    return {name: getattr(policy, name) for name in RANGES}


@lru_cache(maxsize=1)
def _shipped() -> TriggerPolicy:
    return TriggerPolicy.from_yaml()


def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(re.escape(plain(word)))
