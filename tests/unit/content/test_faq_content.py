"""The demo shop's FAQ and its golden queries: whole, consistent, and honest as an examination."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
import yaml

from knowledge_base.entry import FaqEntry, Status
from knowledge_base.files import load

ROOT = Path(__file__).parents[3]
FAQ = ROOT / "knowledge_base" / "faq"
GOLDEN = ROOT / "knowledge_base" / "golden.jsonl"
GOLDEN_OOS = ROOT / "knowledge_base" / "golden_oos.jsonl"
FILES = sorted(FAQ.glob("*.yml"))
SHORTEST_ANSWER, LONGEST_ANSWER = 30, 160


def bare(text: str) -> str:
    """`text` without punctuation, spaces, width and case: what two wordings must differ in."""
    return re.sub(r"\W", "", unicodedata.normalize("NFKC", text)).lower()


def queries(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def entries() -> tuple[FaqEntry, ...]:
    return load(FAQ).entries


def test_the_loader_takes_every_entry_without_a_single_remark() -> None:
    loaded = load(FAQ)
    assert [str(problem) for problem in loaded.problems] == []
    assert len(loaded.entries) == sum(len(yaml.safe_load(path.read_text("utf-8"))) for path in FILES)


def test_the_shop_is_large_enough_to_be_worth_asking(entries: tuple[FaqEntry, ...]) -> None:
    served = [entry for entry in entries if entry.status is Status.PUBLISHED]
    assert len(served) >= 160
    assert len({entry.category for entry in served}) >= 10
    assert len(FILES) >= 10


def test_one_file_holds_one_category() -> None:
    for path in FILES:
        assert len({item["category"] for item in yaml.safe_load(path.read_text("utf-8"))}) == 1, path.name


def test_ids_are_unique_slugs_and_related_ids_exist(entries: tuple[FaqEntry, ...]) -> None:
    ids = Counter(entry.id for entry in entries)
    assert [one for one, times in ids.items() if times > 1] == []
    assert [one for one in ids if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", one)] == []
    dangling = [(entry.id, other) for entry in entries for other in entry.related if other not in ids]
    assert dangling == []


def test_no_served_entry_points_at_one_that_is_not_served(entries: tuple[FaqEntry, ...]) -> None:
    status = {entry.id: entry.status for entry in entries}
    for entry in entries:
        if entry.status is Status.PUBLISHED:
            assert {status[other] for other in entry.related} <= {Status.PUBLISHED}, entry.id


def test_no_wording_appears_twice_in_the_whole_base(entries: tuple[FaqEntry, ...]) -> None:
    wordings = Counter(bare(text) for entry in entries for text in (entry.question, *entry.variants))
    assert [text for text, times in wordings.items() if times > 1] == []


def test_every_entry_has_two_to_six_variants_and_an_answer_of_readable_length(entries: tuple[FaqEntry, ...]) -> None:
    for entry in entries:
        length = len(re.sub(r"\s", "", entry.answer))
        assert 2 <= len(entry.variants) <= 6, entry.id
        assert SHORTEST_ANSWER <= length <= LONGEST_ANSWER, (entry.id, length)
        assert entry.tags, entry.id
        assert entry.updated, entry.id


def test_facts_are_the_same_wherever_they_are_told(entries: tuple[FaqEntry, ...]) -> None:
    served = [entry for entry in entries if entry.status is Status.PUBLISHED]
    answers = "\n".join(entry.answer for entry in served)
    assert set(re.findall(r"400-\d{3}-\d{4}", answers)) == {"400-000-5216", "400-000-5219"}
    assert set(re.findall(r"满\**(\d+)元?\**元?包邮", answers)) == {"59", "199"}
    assert set(re.findall(r"(\d+)积分抵", answers)) == {"100"}
    refunds = [entry for entry in served if entry.category == "退款" or "退款" in entry.tags]
    spans = {span for entry in refunds for span in re.findall(r"(\d–\d)个工作日", entry.answer)}
    assert spans == {"1–3"}


def test_sensitive_matters_call_a_person_and_say_who_owns_them(entries: tuple[FaqEntry, ...]) -> None:
    sensitive = [entry for entry in entries if entry.escalate]
    assert 6 <= len(sensitive) <= 15
    assert {"account-stolen", "safety-injury", "safety-minor-payment", "safety-allergy"} <= {e.id for e in sensitive}
    assert all(entry.owner for entry in sensitive)


def test_the_base_shows_every_kind_of_state(entries: tuple[FaqEntry, ...]) -> None:
    assert {entry.status for entry in entries} == set(Status)
    day = date(2026, 11, 24)
    expired = [e for e in entries if e.status is Status.PUBLISHED and e.effective_until and e.effective_until < day]
    assert [entry.id for entry in expired] == ["promo-double-eleven-2025"]
    assert not expired[0].is_served(day, "web")


def test_links_in_answers_lead_to_the_reserved_example_domain(entries: tuple[FaqEntry, ...]) -> None:
    links = [link for entry in entries for link in re.findall(r"\]\(([^)]+)\)", entry.answer)]
    assert links
    assert all(link.startswith("https://example.com/") for link in links)


def test_golden_queries_name_entries_that_stay_served_and_never_quote_them(entries: tuple[FaqEntry, ...]) -> None:
    lasting = {e.id for e in entries if e.status is Status.PUBLISHED and e.effective_until is None}
    wordings = {bare(text) for entry in entries for text in (entry.question, *entry.variants)}
    golden = queries(GOLDEN)
    assert len(golden) >= 200
    assert {gold for query in golden for gold in query["gold"]} == lasting, "every lasting entry is examined"
    assert [query["text"] for query in golden if bare(str(query["text"])) in wordings] == []


def test_no_message_is_examined_twice() -> None:
    texts = Counter(bare(str(query["text"])) or str(query["text"]) for query in queries(GOLDEN) + queries(GOLDEN_OOS))
    assert [text for text, times in texts.items() if times > 1] == []


def test_the_examination_has_many_styles_and_three_kinds_of_foreign_messages() -> None:
    styles = {query["style"] for query in queries(GOLDEN)}
    assert styles == {"keyword", "colloquial", "indirect", "story", "typo", "traditional", "complaint", "short"}
    kinds = Counter(query["type"] for query in queries(GOLDEN_OOS))
    assert set(kinds) == {"chitchat", "hard", "nonsense"}
    assert min(kinds.values()) >= 10
    assert kinds["hard"] >= 25
