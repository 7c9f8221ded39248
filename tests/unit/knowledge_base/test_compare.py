from __future__ import annotations

from knowledge_base.compare import by_cosine, by_finder, by_words, compared
from knowledge_base.finder import Finder
from knowledge_base.fusion import rule_of_thumb
from knowledge_base.queries import Query


def test_bm25_ranks_by_shared_words_and_leaves_out_what_shares_none(entries):
    first, nothing = by_words(entries)(["我想退货", "@@@"])
    assert first[0] == "return"
    assert len(first) < len(entries)
    assert nothing == []


def test_the_encoder_alone_ranks_every_entry_by_its_nearest_wording(entries, encoder):
    (ranked,) = by_cosine(entries, encoder)([entries[2].variants[0] if entries[2].variants else entries[2].question])
    assert ranked[0] == entries[2].id
    assert sorted(ranked) == sorted(entry.id for entry in entries)


def test_the_finder_is_compared_by_the_order_of_its_candidates(entries, encoder):
    finder = Finder.build(entries, encoder, rule_of_thumb())
    queries = [Query("我想退货", ("return",)), Query("我想退货", ("nobody",))]
    found = compared("jiehua", lambda: by_finder(finder), queries)
    assert found.figures["hit@1"] == 0.5
    assert found.figures["mrr"] == 0.5
    assert found.query_ms > 0
