"""The words that the encoder knows, and the tokenizer that cuts a text into them.

A Unigram model whose scores are the logarithms of jieba's word frequencies takes the likeliest cut, which is what
jieba does without its hidden Markov model; every character of the corpora is a word too, so that an unknown word
falls apart into its characters rather than vanish.
"""

from __future__ import annotations

import collections
import importlib.resources
import math
import re
from collections.abc import Iterable, Mapping

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from language.normalise import normalise

UNKNOWN = "<unk>"
#: Longest word kept; longer dictionary entries are sentences and names.
LONGEST_WORD = 6
#: Stand-in count of a word that no count is known for.
RARE = 2.0


def jieba_counts() -> dict[str, int]:
    """Words of jieba's dictionary with their counts, normalised."""
    import jieba

    raw = (importlib.resources.files(jieba) / "dict.txt").read_text(encoding="utf-8")
    counts: dict[str, int] = {}
    for line in raw.splitlines():
        word, count, _ = line.split(" ")
        word = normalise(word)
        counts[word] = max(counts.get(word, 0), int(count))
    return counts


def choose(
    texts: Iterable[str], dictionary: Iterable[str], counts: Mapping[str, int], size: int, common: int = 30
) -> dict[str, float]:
    """Pick at most `size` words with a count each.

    First every character, digit and Latin run of `texts` and what a first cut of `texts` with all known words
    uses; then the words that dictionary and jieba both know, most frequent first; then jieba's own words seen at
    least `common` times.
    """
    texts = list(texts)
    known = {w: float(max(c, 1)) for w, c in counts.items() if _wordlike(w)}
    for word in dictionary:
        if _wordlike(word):
            known.setdefault(word, RARE)
    characters = collections.Counter(c for t in texts for c in t if not c.isspace())
    latin = collections.Counter(run for t in texts for run in _LATIN.findall(t) if len(run) > 1 and run not in known)
    chosen: dict[str, float] = {}
    for char, n in characters.items():
        chosen[char] = known.get(char, float(n))
    for char in "abcdefghijklmnopqrstuvwxyz0123456789":
        chosen.setdefault(char, 1.0)
    for run, n in latin.items():
        if n >= 2:
            chosen[run] = float(n) + RARE
    every = build_tokenizer(known | chosen)
    used = collections.Counter(token for e in every.encode_batch(texts) for token in e.tokens)
    for word, _ in used.most_common():
        if word in known:
            chosen[word] = known[word]
    in_both = set(dictionary) & set(known)
    for pool in (in_both, {w for w in known if counts.get(w, 0) >= common}):
        for word in sorted(pool, key=lambda w: (-known[w], w)):
            if len(chosen) >= size:
                return chosen
            chosen.setdefault(word, known[word])
    return chosen


def build_tokenizer(counts: Mapping[str, float]) -> Tokenizer:
    """A Unigram tokenizer over `counts`; id 0 is the unknown token, ids follow the order of `counts`."""
    total = sum(counts.values())
    words = [(UNKNOWN, 0.0)] + [(w, math.log(c / total)) for w, c in counts.items() if w != UNKNOWN]
    tokenizer = Tokenizer(models.Unigram(words, unk_id=0, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\s+"), "removed"),
            pre_tokenizers.Split(Regex(r"[a-z]+|[0-9]+|\p{P}|\p{S}"), "isolated"),
        ]
    )
    return tokenizer


_LATIN = re.compile(r"[a-z]+|[0-9]+")
_HAN_OR_LATIN = re.compile(r"[一-鿿]+|[a-z]+|[0-9]+")


def _wordlike(word: str) -> bool:
    return len(word) <= LONGEST_WORD and _HAN_OR_LATIN.fullmatch(word) is not None
