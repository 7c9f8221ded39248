"""The teacher's vocabulary cut to what Chinese customers write: single characters first, then what the texts use."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from dataclasses import dataclass

from tokenizers import Tokenizer, models, pre_tokenizers, processors

from training.teacher import PackedModel

#: The mark that stands for the space before a word.
_SPACE = "▁"
_SIGNS = frozenset("，。？！、：；（）《》“”‘’…￥～—")
_CHARACTERS = 7_000
BEGIN, END, PADDING, UNKNOWN = "<s>", "</s>", "<pad>", "<unk>"


@dataclass(frozen=True)
class Pieces:
    """`kept`: the teacher's numbers of the pieces that stay, in order; a piece's row is its place there."""

    kept: tuple[int, ...]
    tokenizer: Tokenizer
    longest: int

    def rows(self, texts: Sequence[str]) -> list[list[int]]:
        """Rows of each text, begin and end included, at most `longest`."""
        return [encoding.ids for encoding in self.tokenizer.encode_batch(list(texts))]


def choose(packed: PackedModel, texts: Sequence[str], size: int, longest: int) -> Pieces:
    """`size` pieces: the specials, common characters and letters, and the pieces most frequent in `texts`."""
    every = Tokenizer(models.Unigram(packed.pieces, unk_id=packed.special[3], byte_fallback=False))
    every.pre_tokenizer = pre_tokenizers.Metaspace()
    counts: collections.Counter[int] = collections.Counter()
    for encoding in every.encode_batch(list(texts)):
        counts.update(encoding.ids)
    chosen = dict.fromkeys(packed.special)
    characters = [number for number, (piece, _) in enumerate(packed.pieces) if _is_character(piece)]
    chosen |= dict.fromkeys(characters[:_CHARACTERS])  # the teacher's pieces stand in order of frequency
    for number, _ in counts.most_common():
        if len(chosen) >= size:
            break
        chosen.setdefault(number)
    return cut(packed, tuple(sorted(chosen)), longest)


def _is_character(piece: str) -> bool:
    character = piece.replace(_SPACE, "")
    if piece == _SPACE:
        return True
    return len(character) == 1 and ("一" <= character <= "鿿" or character.isascii() or character in _SIGNS)


def cut(packed: PackedModel, kept: tuple[int, ...], longest: int) -> Pieces:
    """The teacher's tokenizer with the pieces `kept` alone."""
    names = dict(zip(packed.special, (BEGIN, END, PADDING, UNKNOWN)))
    pieces = [(names.get(number, packed.pieces[number][0]), packed.pieces[number][1]) for number in kept]
    row = {number: at for at, number in enumerate(kept)}
    begin, end, _, unknown = (row[number] for number in packed.special)
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=unknown, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A {END}", special_tokens=[(BEGIN, begin), (END, end)]
    )
    tokenizer.add_special_tokens([BEGIN, END, PADDING, UNKNOWN])
    tokenizer.enable_truncation(longest)
    return Pieces(kept, tokenizer, longest)
