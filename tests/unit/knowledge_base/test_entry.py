from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from knowledge_base.entry import FaqEntry, Status, digest_of

ENTRY = FaqEntry("a", "问题", "答案")
TODAY = date(2025, 6, 15)


@pytest.mark.parametrize(
    ("changes", "served"),
    [
        ({}, True),
        ({"status": Status.DRAFT}, False),
        ({"status": Status.RETIRED}, False),
        ({"effective_from": TODAY, "effective_until": TODAY}, True),
        ({"effective_from": date(2025, 6, 16)}, False),
        ({"effective_until": date(2025, 6, 14)}, False),
        ({"channels": ("web", "wechat")}, True),
        ({"channels": ("wechat",)}, False),
    ],
)
def test_an_entry_is_served_only_when_published_in_its_time_and_on_its_channels(changes, served):
    assert replace(ENTRY, **changes).is_served(TODAY, "web") is served


def test_every_field_counts_in_the_digest_and_equal_entries_share_it():
    changes = {
        "id": "b",
        "question": "x",
        "answer": "x",
        "variants": ("x",),
        "category": "x",
        "tags": ("x",),
        "status": Status.DRAFT,
        "owner": "x",
        "effective_from": TODAY,
        "effective_until": TODAY,
        "channels": ("x",),
        "related": ("x",),
        "escalate": True,
        "source": "x",
        "updated": TODAY,
        "images": ("x",),
    }
    assert set(changes) == set(FaqEntry.__dataclass_fields__)
    digests = {replace(ENTRY, **{name: value}).digest for name, value in changes.items()}
    assert len(digests | {ENTRY.digest}) == len(changes) + 1
    assert FaqEntry("a", "问题", "答案").digest == ENTRY.digest


def test_the_digest_of_a_base_does_not_depend_on_the_order():
    other = replace(ENTRY, id="b")
    assert digest_of([ENTRY, other]) == digest_of([other, ENTRY])
    assert digest_of([ENTRY]) != digest_of([ENTRY, other])


def test_wordings_hold_the_question_first_and_nothing_twice():
    assert replace(ENTRY, variants=("甲", "问题", "甲")).wordings == ("问题", "甲")
