"""One spelling for matching: width, case, script and white space made equal.

The result is for comparing and encoding, never for showing: a customer always sees their own words.
"""

from __future__ import annotations

import functools
import importlib.resources
import re
import unicodedata

#: Rises when the output of `normalise` changes for any text; models and indexes record it in their manifest.
NORMALISER_VERSION = 1

_SPACE = re.compile(r"\s+")
#: Control, format (zero-width), surrogate and private-use characters, and the variation selectors of emoji.
_DROPPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co"})
#: Characters that running mainland text uses too (著名, 乾坤): alone they are no sign of a traditional text.
_AMBIGUOUS = {"乾": "干", "瞭": "了", "藉": "借", "著": "着"}
#: Spellings that simplified text mixes freely.
_SPELLINGS = {"帐号": "账号", "帐户": "账户", "帐单": "账单", "甚么": "什么", "滑鼠": "鼠标"}
_SPELLING = re.compile("|".join(_SPELLINGS))


def normalise(text: str) -> str:
    """Return `text` in NFKC, lower case, simplified Chinese, without control characters, spaces collapsed.

    Taiwanese and Hong Kong terms become the mainland ones (網路 → 网络) where the text is written in
    traditional characters; a simplified text is never re-worded.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = _SPACE.sub(" ", text).strip().lower()
    if text.isascii():
        return text if text.isprintable() else _without_controls(text)
    text = unicodedata.normalize("NFKC", text)
    if not text.isprintable() or "\ufe0f" in text:
        text = _without_controls(text)
    script = _script()
    if not script.traditional.isdisjoint(text):
        text = script.simplify(text)
    return _SPELLING.sub(lambda found: _SPELLINGS[found[0]], text)


def _without_controls(text: str) -> str:
    kept = "".join(
        c for c in text if unicodedata.category(c) not in _DROPPED_CATEGORIES and not "\ufe00" <= c <= "\ufe0f"
    )
    return _SPACE.sub(" ", kept).strip()


class _Script:
    """Traditional to simplified: the longest phrase first, then single characters.

    `traditional` are the characters that betray a traditional text; without one of them `simplify`
    need not be called.
    """

    def __init__(self, traditional: dict[str, str], ambiguous: dict[str, str], phrases: dict[str, str]) -> None:
        self.traditional = frozenset(traditional)
        self._characters = str.maketrans(traditional | ambiguous)
        self._phrases = phrases
        self._longest: dict[str, int] = {}
        for phrase in phrases:
            self._longest[phrase[0]] = max(self._longest.get(phrase[0], 0), len(phrase))

    def simplify(self, text: str) -> str:
        out: list[str] = []
        at = 0
        while at < len(text):
            for size in range(min(self._longest.get(text[at], 0), len(text) - at), 1, -1):
                found = self._phrases.get(text[at : at + size])
                if found is not None:
                    out.append(found)
                    at += size
                    break
            else:
                out.append(text[at].translate(self._characters))
                at += 1
        return "".join(out)


@functools.cache
def _script() -> _Script:
    """Build the tables from the dictionaries that the OpenCC port carries (read once, about 5,000 lines)."""
    to_simplified = _dictionary("TSCharacters")
    table = str.maketrans(to_simplified)
    traditional = {k: v for k, v in to_simplified.items() if k != v and k not in _AMBIGUOUS}
    everyday = frozenset(_dictionary("STCharacters"))  # what simplified text is written with
    for k, v in (_dictionary("TWVariantsRev") | _dictionary("HKVariantsRev")).items():
        simplified = v.translate(table)
        if k != simplified and k not in to_simplified and k not in everyday:
            traditional[k] = simplified

    phrases: dict[str, str] = {}
    for name in ("TWPhrasesRev", "TWVariantsRevPhrases", "TSPhrases"):
        for k, v in _dictionary(name).items():
            if 1 < len(k) <= 8:
                phrases[k.lower()] = v.translate(table).lower()
    return _Script(traditional, _AMBIGUOUS, phrases)


def _dictionary(name: str) -> dict[str, str]:
    """One OpenCC dictionary: key, tab, candidates separated by spaces; the first candidate counts."""
    raw = (importlib.resources.files("opencc") / "dictionary" / f"{name}.txt").read_text(encoding="utf-8")
    table = {}
    for line in raw.splitlines():
        key, _, values = line.partition("\t")
        if values:
            table[key] = values.split(" ")[0]
    return table
