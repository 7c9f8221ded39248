from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest

from knowledge_base.fusion import rule_of_thumb
from knowledge_base.live import LiveBase

GOOD = "- {id: a, question: 怎么退货, answer: 点申请售后。}\n"
MORE = GOOD + "- {id: b, question: 怎么开发票, answer: 点申请发票。}\n"
BAD = GOOD + "- {id: b, question: 怎么开发票}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    base = tmp_path / "faq"
    base.mkdir()
    (base / "a.yml").write_text(GOOD)
    return base


@pytest.fixture
def live(folder, encoder, tmp_path) -> LiveBase:
    return LiveBase(folder, encoder, cache_folder=tmp_path / "cache", calibration=rule_of_thumb())


def replace(path: Path, text: str) -> None:
    """Write as editors do: a new file put in the place of the old."""
    new = path.with_suffix(".new")
    new.write_text(text)
    os.replace(new, path)


def test_a_good_edit_serves_and_encodes_only_what_is_new(live, folder, encoder):
    before = live.version
    encoder.asked.clear()
    replace(folder / "a.yml", MORE)
    assert live.reload() is True
    assert live.version != before
    assert encoder.asked == ["怎么开发票", "点申请发票。"]
    assert live.finder.find("怎么开发票").candidates[0].entry_id == "b"


def test_a_bad_edit_keeps_the_last_good_version_and_tells(live, folder):
    before = live.finder
    replace(folder / "a.yml", BAD)
    assert live.reload() is False
    assert live.finder is before
    assert live.stale
    assert "缺少 answer" in live.problems[0].what
    replace(folder / "a.yml", MORE)
    assert live.reload() is True
    assert not live.stale
    assert live.problems == ()


def test_emptied_or_vanished_files_do_not_empty_the_base(live, folder):
    before = live.finder
    replace(folder / "a.yml", "")
    assert live.reload() is False
    (folder / "a.yml").unlink()
    assert live.reload() is False
    folder.rmdir()
    assert live.reload() is False
    assert live.finder is before


def test_an_edit_of_comments_changes_nothing(live, folder):
    before = live.finder
    replace(folder / "a.yml", "# 说明\n" + GOOD)
    assert live.reload() is False
    assert live.finder is before


def test_two_processes_arrive_at_the_same_version(live, folder, encoder):
    replace(folder / "a.yml", MORE)
    live.reload()
    assert LiveBase(folder, type(encoder)(), calibration=rule_of_thumb()).version == live.version


def test_a_restart_encodes_nothing_again(live, folder, encoder, tmp_path):
    encoder.asked.clear()
    LiveBase(folder, encoder, cache_folder=tmp_path / "cache", calibration=rule_of_thumb())
    assert encoder.asked == []


def test_a_base_that_starts_with_an_error_serves_the_rest(folder, encoder):
    (folder / "a.yml").write_text(BAD)
    live = LiveBase(folder, encoder, calibration=rule_of_thumb())
    assert [entry.id for entry in live.finder.entries] == ["a"]
    assert not live.loaded.ok


def test_no_question_fails_while_versions_change(live, folder):
    stop = threading.Event()
    wrong: list[object] = []
    asked = [0]

    def ask() -> None:
        while not stop.is_set():
            finder = live.finder
            finding = finder.find("怎么退货")
            asked[0] += 1
            if finding.version != finder.version or finding.candidates[0].entry_id != "a":
                wrong.append(finding)

    thread = threading.Thread(target=ask)
    thread.start()
    for n in range(20):
        replace(folder / "a.yml", MORE if n % 2 else GOOD)
        live.reload()
    stop.set()
    thread.join()
    assert wrong == []
    assert asked[0] > 0


@pytest.mark.parametrize("single_file", [False, True])
async def test_the_watcher_takes_edits_over_by_itself(folder, encoder, single_file):
    path = folder / "a.yml" if single_file else folder
    live = LiveBase(path, encoder, calibration=rule_of_thumb())
    stop = asyncio.Event()
    outcomes: asyncio.Queue[bool] = asyncio.Queue()

    async def follow() -> None:
        async for changed in live.watch(stop):
            await outcomes.put(changed)

    task = asyncio.create_task(follow())

    async def edit_until(text: str, wanted: bool) -> None:
        """The watcher may start after the first edit, so the edit is made again until it is seen."""
        while True:
            replace(folder / "a.yml", text)
            try:
                if await asyncio.wait_for(outcomes.get(), 2) is wanted:
                    return
            except TimeoutError:
                continue

    async with asyncio.timeout(60):
        await edit_until(MORE, True)
        assert live.finder.find("怎么开发票").candidates[0].entry_id == "b"
        await edit_until(BAD, False)
        assert live.stale
        stop.set()
        await task
