"""Who changed what: the same told by snapshots and by git."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge_base import files
from knowledge_base.editing import Edit, form_of, write
from knowledge_base.entry import FaqEntry
from knowledge_base.exchange import export
from knowledge_base.history import History, Snapshots, difference_of, history_of
from knowledge_base.history_git import GitHistory
from knowledge_base.workbook import Draft, DraftChangedError, Topic, Workbook

A, B = FaqEntry("a", "怎么退货", "七天内。", category="售后"), FaqEntry("b", "怎么开发票", "申请。", category="发票")


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=甲", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", str(folder), *who, *arguments], capture_output=True, check=True)
    return done.stdout.decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    base = tmp_path / "faq"
    base.mkdir()
    (base / "one.yml").write_bytes(export([A, B], "yml"))
    return base


@pytest.fixture
def workbook(tmp_path: Path) -> Workbook:
    ticks = iter(range(1_000, 10_000_000))
    return Workbook(tmp_path / "data" / "knowledge.db", lambda: next(ticks))


@pytest.fixture(params=["snapshots", "git"])
def history(request: pytest.FixtureRequest, folder: Path, workbook: Workbook) -> History:
    if request.param == "git":
        git(folder, "init", "-q")
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", "第一版")
    found = history_of(folder, workbook)
    assert isinstance(found, GitHistory if request.param == "git" else Snapshots)
    found.notice(files.load(folder).entries)
    return found


@pytest.fixture
def publish(folder: Path, history: History) -> Callable[..., FaqEntry]:
    def change(entry: FaqEntry, *, who: str = "xiaowang", reason: str = "") -> FaqEntry:
        held = {one.id: one for one in files.load(folder).entries}
        history.notice(list(held.values()), writing=True)
        made_from = held[entry.id].digest if entry.id in held else ""
        history.record([entry], write(folder, [Edit(entry, made_from)]), who=who, reason=reason)
        return entry

    return change


def test_the_first_sight_is_no_change_and_each_publication_is_one(history: History, publish) -> None:
    assert history.versions() == []
    second = publish(replace(A, answer="十天内。"))
    third = publish(replace(A, answer="半个月内。"), who="xiaoli", reason="活动结束")
    told = history.versions("a")
    assert [(one.who, one.what, one.form) for one in told[:2]] == [
        ("xiaoli", "published", form_of(third)),
        ("xiaowang", "published", form_of(second)),
    ]
    assert told[0].reason == "活动结束"
    assert told[2].what == "first_seen"
    assert [one.entry_id for one in history.versions()] == ["a", "a"]
    assert history.versions("b")[0].what == "first_seen"


def test_a_version_knows_its_number_and_what_came_before(history: History, publish) -> None:
    publish(replace(A, answer="十天内。", tags=("退",)))
    latest = history.versions("a")[0]
    assert history.version(latest.number) == latest
    before = history.before(latest)
    assert before is not None
    assert difference_of(before.form, latest.form) == [
        {"field": "answer", "old": "七天内。", "new": "十天内。"},
        {"field": "tags", "old": None, "new": ["退"]},
    ]
    assert history.before(before) is None
    assert history.version("999999") is None


def test_what_was_changed_by_hand_is_told_apart_from_what_an_editor_published(
    history: History, folder: Path, publish
) -> None:
    (folder / "one.yml").write_bytes(export([replace(A, answer="手改的。"), B], "yml"))
    history.notice(files.load(folder).entries)
    publish(replace(B, answer="在订单页申请。"))
    by_hand = history.versions("a")[0]
    assert (by_hand.what, by_hand.form["answer"]) == ("by_hand", "手改的。")
    assert (history.versions("b")[0].what, history.versions("b")[0].who) == ("published", "xiaowang")


def test_an_entry_that_goes_away_and_a_new_one_are_versions_too(history: History, folder: Path, publish) -> None:
    publish(FaqEntry("c", "能寄国外吗", "不能。"))
    assert history.versions("c")[0].form["answer"] == "不能。"
    (folder / "one.yml").write_bytes(export([A], "yml"))
    history.notice(files.load(folder).entries, writing=True)
    assert history.versions("b")[0].form is None


def test_a_publication_that_another_process_noticed_first_is_still_its_editors(workbook: Workbook) -> None:
    history = Snapshots(workbook)
    history.notice([A])
    new = replace(A, answer="十天内。")
    Snapshots(workbook).notice([new])
    history.record([new], [], who="xiaowang")
    assert [(one.who, one.what) for one in history.versions("a")] == [("xiaowang", "published"), ("", "first_seen")]


def test_a_base_inside_another_projects_checkout_is_left_uncommitted(folder: Path, workbook: Workbook) -> None:
    git(folder.parent, "init", "-q")
    assert isinstance(history_of(folder, workbook), Snapshots)


@pytest.mark.parametrize("history", ["git"], indirect=True)
def test_a_commit_that_git_refuses_does_not_undo_the_publication(history: History, folder: Path, publish) -> None:
    (folder / ".git" / "index.lock").write_text("")
    publish(replace(A, answer="十天内。"))
    assert files.load(folder).entries[0].answer == "十天内。"
    (folder / ".git" / "index.lock").unlink()
    publish(replace(A, answer="半个月内。"))
    assert [one.form["answer"] for one in history.versions("a")] == ["半个月内。", "十天内。", "七天内。"]
    assert history.versions("a")[1].what == "by_hand"


def test_a_draft_is_kept_as_typed_and_two_editors_do_not_overwrite_each_other(workbook: Workbook) -> None:
    first = workbook.save(Draft("a", {"id": "a", "answer": ""}, "a", A.digest), who="xiaowang")
    assert workbook.draft("a") == first
    with pytest.raises(DraftChangedError) as refused:
        workbook.save(Draft("a", {"id": "a", "answer": "别的"}, "a", A.digest), who="xiaoli")
    assert refused.value.current == first
    second = workbook.save(replace(first, form={"id": "a", "answer": "好"}), who="xiaoli")
    assert (second.number, second.who) == (2, "xiaoli")
    new = workbook.save(Draft("", {"question": "新的"}), who="xiaowang")
    assert new.key.startswith("new-")
    assert [one.key for one in workbook.drafts()] == [new.key, "a"]
    workbook.drop(["a", "nobody"])
    assert [one.key for one in workbook.drafts()] == [new.key]


def test_a_topic_that_was_taken_up_is_remembered(workbook: Workbook) -> None:
    topic = Topic("a", "能寄国外吗", ("寄到日本行吗",), "xiaowang", 1_000)
    workbook.take_up(topic)
    workbook.take_up(replace(topic, published_ms=2_000))
    assert workbook.topics() == [replace(topic, published_ms=2_000)]
