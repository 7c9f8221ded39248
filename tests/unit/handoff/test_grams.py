"""Searching Chinese: every substring is found, nothing else is, and nothing typed is syntax."""

from __future__ import annotations

import re
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.archive.grams import grams, plain, postgresql_query, sqlite_query

HAN = st.text(alphabet="退款发票物流的了吗不", min_size=1, max_size=12)


def finds(text: str, query: str, fold=plain) -> bool:
    """Whether SQLite finds `text` by `query`."""
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE VIRTUAL TABLE t USING fts5(grams)")
        database.execute("INSERT INTO t VALUES (?)", (grams(text, fold),))
        return bool(database.execute("SELECT 1 FROM t WHERE t MATCH ?", (sqlite_query(query, fold),)).fetchall())


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("退款多久能到账", "多久"),
        ("退款多久能到账", "账"),
        ("退款多久能到账", "退"),
        ("退款多久能到账", "到账 退款"),
        ("我的iPhone15坏了", "iphone"),
        ("订单 20240518001 在哪", "20240518001"),
        ("订单 20240518001 在哪", "20240518"),
        ("订单号ＡＢ１２", "ab12"),
        ("カタカナも", "タカ"),
        ("𠮷野家的饭", "𠮷野"),
        ("café", "é"),
    ],
)
def test_what_occurs_is_found(text, query):
    assert finds(text, query)


@pytest.mark.parametrize(
    ("text", "query"),
    [("退款多久", "款退"), ("退，款", "退款"), ("多久 退款", "久退"), ("订单20240518", "518"), ("退款", "退货")],
)
def test_what_does_not_occur_is_not_found(text, query):
    assert not finds(text, query)


def test_the_fold_makes_spellings_alike():
    simplified = str.maketrans("錢還", "钱还")
    assert finds("錢還沒到", "钱还", lambda text: text.translate(simplified))


@given(HAN, st.integers(0, 11), st.integers(1, 12))
def test_every_substring_finds_its_text(text, start, length):
    part = text[start : start + length]
    if part:
        assert finds(text, part)


@given(HAN, HAN)
def test_only_substrings_find_a_text(text, query):
    assert finds(text, query) == (query in text)


@given(st.text(max_size=40))
def test_whatever_is_typed_becomes_words_and_never_syntax(text):
    assert re.fullmatch(r"[a-z0-9 ]*", grams(text))
    assert re.fullmatch(r'("[a-z0-9 ]+"\*?( AND )?)*', sqlite_query(text))
    assert re.fullmatch(r"((\([a-z0-9<> -]+\)|[a-z0-9]+:\*)( & )?)*", postgresql_query(text))


def test_postgresql_is_asked_for_words_in_a_row():
    assert postgresql_query("退款了 a1") == "(c09000c06b3e <-> c06b3ec04e86) & wa1:*"
