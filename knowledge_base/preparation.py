"""What entries cost to prepare, kept apart from the base so that the next version, or the next start, pays only for
what changed: vectors, counted terms, and the partitions of the indexes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from knowledge_base.coverage import EntryWords, WordTable, word_dimension
from knowledge_base.encoder import Encoder, Vectors
from knowledge_base.entry import FaqEntry
from knowledge_base.lexical import Counts, Vocabulary, bigrams, joined
from knowledge_base.text_index import TextIndex
from knowledge_base.vectors import EmbeddingCache, encode
from language import segment


@dataclass(frozen=True)
class Prepared:
    """One entry's vectors and counted terms."""

    asked: Vectors  # [wordings, dimension]
    answer: Vectors  # [dimension], zeros without an answer text
    asked_words: Counts
    whole_words: Counts
    asked_pairs: Counts
    whole_pairs: Counts
    meaning: EntryWords


@dataclass(frozen=True)
class Preparation:
    """Prepared entries by their digest, for one encoder; terms are numbered by the two vocabularies."""

    encoder_digest: str
    table: WordTable
    words: Vocabulary = field(default_factory=Vocabulary)
    pairs: Vocabulary = field(default_factory=Vocabulary)
    by_digest: dict[str, Prepared] = field(default_factory=dict)
    asked_index: TextIndex | None = None
    answer_index: TextIndex | None = None


def prepare(
    entries: Sequence[FaqEntry],
    encoder: Encoder,
    cache: EmbeddingCache | None = None,
    previous: Preparation | None = None,
) -> Preparation:
    """Prepare `entries`, taking over what `previous` holds of them; all new texts are encoded in one batch."""
    if previous is None or previous.encoder_digest != encoder.digest:
        previous = Preparation(encoder.digest, WordTable(word_dimension(encoder)))
    table = previous.table
    words, pairs, known = previous.words, previous.pairs, previous.by_digest
    fresh = [entry for entry in entries if entry.digest not in known]
    texts = [text for entry in fresh for text in (*entry.wordings, entry.answer)]
    vectors = encode(encoder, texts, cache)
    ready = {entry.digest: known[entry.digest] for entry in entries if entry.digest in known}
    at = 0
    for entry in fresh:
        asked = vectors[at : at + len(entry.wordings)]
        answer = vectors[at + len(asked)] * bool(entry.answer)
        at += len(asked) + 1
        asked_words = words.count(word for wording in entry.wordings for word in segment.content_words(wording))
        asked_pairs = pairs.count(pair for wording in entry.wordings for pair in bigrams(wording))
        whole_words = joined(asked_words, words.count(segment.content_words(entry.answer)))
        whole_pairs = joined(asked_pairs, pairs.count(bigrams(entry.answer)))
        meaning = EntryWords(tuple(table.rows(encoder, w) for w in entry.wordings), table.rows(encoder, entry.answer))
        ready[entry.digest] = Prepared(asked, answer, asked_words, whole_words, asked_pairs, whole_pairs, meaning)
    return Preparation(encoder.digest, table, words, pairs, ready, previous.asked_index, previous.answer_index)
