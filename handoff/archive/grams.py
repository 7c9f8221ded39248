"""How transcripts are searched: by pairs of neighbouring characters, so that no dictionary decides what can be found.

A text becomes words of letters and digits only, which no tokenizer and no locale takes apart, in SQLite or PostgreSQL:
「退款 A12」 is `c09000c06b3e c06b3e wa12` (退款, 款, a12). Each Chinese run gives its pairs and its last character, so
a phrase of pairs is a substring, and one character is the beginning of a pair. Words of Latin letters and digits (order
numbers) are kept whole and found by their beginning. What a customer or an agent types is spelled in these words too;
it never becomes SQL or the syntax of a search.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

Fold = Callable[[str], str]
_RUNS = re.compile(r"[a-z0-9]+|[^\W_a-z0-9]+")


def plain(text: str) -> str:
    """Half-width and lower case: the fold used when none is given."""
    return unicodedata.normalize("NFKC", text).casefold()


def grams(text: str, fold: Fold = plain) -> str:
    """The text as it is indexed; empty when nothing in it can be searched for."""
    return " ".join(gram for run in _runs(text, fold) for gram in _indexed(run))


def sqlite_query(text: str, fold: Fold = plain) -> str:
    """The FTS5 query for what was typed: every run of it must occur. Empty when there is nothing to look for."""
    return " AND ".join(
        f'"{" ".join(sought)}"{"*" if open_ended else ""}' for sought, open_ended in _sought(text, fold)
    )


def postgresql_query(text: str, fold: Fold = plain) -> str:
    """The same for `to_tsquery('simple', …)`."""
    return " & ".join(
        f"{sought[0]}:*" if open_ended else f"({' <-> '.join(sought)})" for sought, open_ended in _sought(text, fold)
    )


def _runs(text: str, fold: Fold) -> Iterator[str]:
    yield from _RUNS.findall(plain(fold(text)))


def _is_word(run: str) -> bool:
    return run.isascii()


def _spelled(characters: str) -> str:
    return "".join(f"c{ord(character):05x}" for character in characters)


def _pairs(run: str) -> list[str]:
    return [_spelled(run[at : at + 2]) for at in range(len(run) - 1)]


def _indexed(run: str) -> list[str]:
    return [f"w{run}"] if _is_word(run) else [*_pairs(run), _spelled(run[-1])]


def _sought(text: str, fold: Fold) -> Iterator[tuple[list[str], bool]]:
    """(words in a row, whether the last is a beginning only) for each run."""
    for run in _runs(text, fold):
        if _is_word(run):
            yield [f"w{run}"], True
        elif len(run) == 1:
            yield [_spelled(run)], True
        else:
            yield _pairs(run), False
