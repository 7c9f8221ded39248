from __future__ import annotations

from pathlib import Path

import pytest

from knowledge_base.evaluate import confusion, evaluate, judge, plot
from knowledge_base.finder import Finder
from knowledge_base.fusion import rule_of_thumb
from knowledge_base.queries import Query, QueryFileError, read_queries

KEYS = [
    *("n", "hit@1", "hit@3", "hit@5", "mrr"),
    *("answered_right", "answered_wrong", "clarified_right", "clarified_wrong", "missed"),
    *("oos_n", "oos_answered", "oos_clarified", "oos_missed", "oos_auc"),
    *("encode_ms_p50", "search_ms_p50", "search_ms_p99", "encoder", "index", "entries"),
]
QUERIES = [
    Query("我想退货", ("return",)),
    Query("钱什么时候退回来", ("nobody", "refund")),
    Query("什么时候发货呢", ("invoice",)),
    Query("😀", ("ship",)),
]
OOS = [Query("今天天气真好"), Query("怎么申请退货")]


@pytest.fixture
def finder(entries, encoder) -> Finder:
    return Finder.build(entries, encoder, rule_of_thumb())


def test_the_report_has_exactly_the_published_keys(finder):
    assert list(evaluate(finder, QUERIES, OOS)) == KEYS
    assert list(evaluate(finder, QUERIES)) == KEYS


def test_figures_are_those_of_the_verdicts(finder):
    evaluation = judge(finder, QUERIES, OOS)
    verdicts = [row.verdict for row in evaluation.in_scope]
    assert verdicts == ["answered_right", "answered_right", "answered_wrong", "missed"]
    assert [row.rank for row in evaluation.in_scope][:2] == [1, 1]
    assert evaluation.in_scope[2].rank != 1
    report = evaluation.report
    assert (report["n"], report["hit@1"], report["answered_right"], report["answered_wrong"]) == (4, 0.5, 0.5, 0.25)
    assert report["missed"] == 0.25
    assert (report["oos_n"], report["oos_answered"], report["oos_missed"]) == (2, 0.5, 0.5)
    assert report["entries"] == 5


def test_the_confusion_counts_every_question_once(finder):
    evaluation = judge(finder, QUERIES, OOS)
    counts = confusion(evaluation)
    assert counts.sum(axis=1).tolist() == [2, 2, 2]
    assert counts[0].tolist() == [2, 0, 0]  # the right entry came first and was given as the answer
    assert counts[1, 0] == 1  # another came first and was given: the wrong answer of the report
    assert counts[:, 0].sum() == sum(row.finding.outcome.value == "answer" for row in
                                     (*evaluation.in_scope, *evaluation.out_of_scope))  # fmt: skip


def test_the_area_is_the_share_of_pairs_in_the_right_order(finder):
    evaluation = judge(finder, QUERIES, OOS)
    inside = [row.probability for row in evaluation.in_scope]
    outside = [row.probability for row in evaluation.out_of_scope]
    pairs = [(a > b) + 0.5 * (a == b) for a in inside for b in outside]
    assert evaluation.report["oos_auc"] == pytest.approx(sum(pairs) / len(pairs), abs=1e-4)


def test_without_questions_there_are_no_rates(finder):
    report = evaluate(finder, [], [])
    assert report["n"] == 0
    assert report["hit@1"] is None
    assert report["oos_auc"] is None


def test_evaluation_says_what_chat_says(finder):
    evaluation = judge(finder, QUERIES, OOS)
    for row in (*evaluation.in_scope, *evaluation.out_of_scope):
        assert finder.find(row.query.text).outcome is row.finding.outcome


def test_files_of_queries_are_read(tmp_path: Path):
    path = tmp_path / "q.jsonl"
    path.write_text('\ufeff{"text": "问", "gold": ["a", 2], "style": "short"}\n\n{"text": "又问", "gold": "b"}\n')
    assert read_queries(path) == [Query("问", ("a", "2"), "short"), Query("又问", ("b",))]
    path.write_text('{"text": "问", "type": "hard"}\n')
    assert read_queries(path, oos=True) == [Query("问")]


@pytest.mark.parametrize(
    "line",
    ["{", "[]", '{"gold": ["a"]}', '{"text": 1, "gold": ["a"]}', '{"text": "a"}', "1", '{"text":"a","gold":[[]]}'],
)
def test_a_faulty_line_is_named(tmp_path: Path, line):
    path = tmp_path / "q.jsonl"
    path.write_text('{"text": "问", "gold": ["a"]}\n' + line)
    with pytest.raises(QueryFileError, match=r"q\.jsonl:2"):
        read_queries(path)


def test_the_plot_is_a_picture(finder, tmp_path: Path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "plot.png"
    plot(judge(finder, QUERIES, OOS), path)
    assert path.read_bytes().startswith(b"\x89PNG")
