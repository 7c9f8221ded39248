from __future__ import annotations

import asyncio
import os
import subprocess
import sys
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


def many(count: int, changed: int = 0) -> str:
    """A file of entries, of which the first `changed` say something else."""
    lines = [
        f"- {{id: e{n}, question: 第{n}号商品{'新' * (n < changed)}怎么退, answer: 点售后。}}" for n in range(count)
    ]
    return "\n".join(lines) + "\n"


@pytest.fixture
def large(folder, encoder, tmp_path, monkeypatch) -> LiveBase:
    """A base that counts as large."""
    monkeypatch.setattr("knowledge_base.preparation.ONE_SEGMENT", 10)
    monkeypatch.setattr("knowledge_base.preparation.SCATTERED", 5)
    replace(folder / "a.yml", many(30))
    return LiveBase(folder, encoder, cache_folder=tmp_path / "cache", calibration=rule_of_thumb())


def test_a_large_base_takes_an_edit_beside_it_and_gathers_many_edits_later(large, folder, encoder):
    segments = large.finder.base.preparation.segments
    replace(folder / "a.yml", many(30, changed=1))
    assert large.reload() is True
    assert large.finder.base.preparation.segments[0] is segments[0]
    assert len(large.finder.base.preparation.segments[1]) == 1
    large.settle()
    assert len(large.finder.base.preparation.segments) == 2, "one edit is not worth gathering"
    replace(folder / "a.yml", many(31, changed=8))
    assert large.reload() is True
    version = large.version
    large.settle()
    assert [len(one) for one in large.finder.base.preparation.segments] == [31]
    assert large.version == version
    assert large.finder.find("第7号商品新怎么退").candidates[0].entry_id == "e7"


def test_what_was_gathered_is_what_the_next_start_finds(large, folder, encoder, tmp_path):
    replace(folder / "a.yml", many(30, changed=8))
    large.reload()
    large.settle()
    encoder.asked.clear()
    again = LiveBase(folder, encoder, cache_folder=tmp_path / "cache", calibration=rule_of_thumb())
    assert encoder.asked == []
    assert again.version == large.version
    assert [len(one) for one in again.finder.base.preparation.segments] == [30]


def test_an_edit_while_edits_are_gathered_is_not_lost(large, folder, encoder, monkeypatch):
    from knowledge_base.preparation import Preparation

    original = Preparation.gathered

    def slowly(held: Preparation) -> Preparation:
        if len(held.segments[0]) == 30:
            replace(folder / "a.yml", many(32, changed=9))
            assert large.reload() is True
        return original(held)

    monkeypatch.setattr(Preparation, "gathered", slowly)
    replace(folder / "a.yml", many(30, changed=8))
    large.reload()
    large.settle()
    assert large.finder.find("第8号商品新怎么退").candidates[0].question == "第8号商品新怎么退"
    assert large.finder.find("第31号商品怎么退").candidates[0].entry_id == "e31"
    fresh = LiveBase(folder, encoder, calibration=rule_of_thumb())
    assert fresh.version == large.version


def test_a_failure_while_gathering_leaves_the_version_serving(large, folder, monkeypatch):
    from knowledge_base.preparation import Preparation

    monkeypatch.setattr(Preparation, "gathered", lambda held: 1 / 0)
    replace(folder / "a.yml", many(30, changed=8))
    assert large.reload() is True
    large.settle()
    assert large.finder.find("第7号商品新怎么退").candidates[0].entry_id == "e7"


KILLED = """
import os, sys
from pathlib import Path
from knowledge_base.finder import Finder
from knowledge_base.fusion import rule_of_thumb
from knowledge_base.vectors import EmbeddingCache
from tests.unit.knowledge_base.conftest import BagOfPairs
from tests.unit.knowledge_base.test_features import made_up

def killed(done, total):
    if done * 2 > total:
        os.kill(os.getpid(), 9)

Finder.build(made_up(1200), BagOfPairs(), rule_of_thumb(), EmbeddingCache(Path(sys.argv[1])), progress=killed)
"""


def test_a_build_that_was_killed_goes_on_where_it_was(tmp_path, encoder):
    from knowledge_base.finder import Finder
    from knowledge_base.vectors import EmbeddingCache
    from tests.unit.knowledge_base.test_features import made_up

    died = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=Path(__file__).parents[3], check=False)
    assert died.returncode == -9
    entries = made_up(1200)
    told: list[tuple[int, int]] = []
    cache = EmbeddingCache(tmp_path)
    resumed = Finder.build(entries, encoder, rule_of_thumb(), cache, progress=lambda *step: told.append(step))
    everything = {text for entry in entries for text in (*entry.wordings, entry.answer)}
    assert 0 < cache.encoded < 0.6 * len(everything)
    assert told[-1] == (1200, 1200)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    afresh = Finder.build(entries, encoder, rule_of_thumb())
    assert resumed.version == afresh.version
    assert resumed.find(entries[7].question).candidates == afresh.find(entries[7].question).candidates
