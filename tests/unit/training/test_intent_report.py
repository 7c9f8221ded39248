from __future__ import annotations

import pytest

from training.intent_report import f1, page, precision_recall

ANSWERS = [
    ("request_human", "request_human", "转人工"),
    ("request_human", "faq", "找个活人|快"),
    ("faq", "request_human", "人工智能课程多少钱"),
    ("faq", "faq", "运费多少"),
    ("greet", "nlu_fallback", "嗨"),
]


def test_precision_counts_what_was_said_and_recall_what_was_meant():
    assert precision_recall(ANSWERS, "request_human") == (0.5, 0.5)
    assert precision_recall(ANSWERS, "greet") == (0.0, 0.0)
    assert f1(0.5, 1.0) == pytest.approx(2 / 3)
    assert f1(0.0, 0.0) == 0.0


def test_the_page_puts_requests_for_a_person_first_with_every_mistake_about_them():
    text = page(ANSWERS, 5)
    person, others = text.split("## All others")
    assert "| request_human | 2 | 0.500 | 0.500 | 0.500 | faq 1 |" in person
    assert "| 人工智能课程多少钱 | faq | request_human |" in person
    assert "找个活人\\|快" in person  # a bar would break the table
    assert "| greet | 1 | 0.000 | 0.000 | 0.000 | nlu_fallback 1 |" in others
    assert "accuracy 0.400" in text
