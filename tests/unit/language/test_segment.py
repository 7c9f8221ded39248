from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

from language.segment import content_words, load_user_words, words

ROOT = Path(__file__).parents[3]


def test_words_come_in_order_and_rebuild_the_text() -> None:
    assert words("我要退货，多久到账？") == ["我要", "退货", ",", "多久", "到", "账", "?"]
    assert "".join(words("订单 A123 退回来了吗")) == "订单a123退回来了吗"


def test_traditional_and_simplified_are_cut_alike() -> None:
    assert words("什麼時候發貨") == words("什么时候发货")


def test_content_words_leave_out_filler_and_keep_question_words_and_negations() -> None:
    kept = content_words("您好,请问我的快递怎么还没到呢?")
    assert "快递" in kept
    assert {"请问", "的", "呢", "?"}.isdisjoint(kept)
    assert "怎么" in "".join(kept)
    assert "没" in "".join(kept)


def test_a_user_word_stays_in_one_piece() -> None:
    assert "云朵枕" not in words("云朵枕能机洗吗")
    load_user_words(["云朵枕", "x", "两个 词"])
    assert "云朵枕" in words("云朵枕能机洗吗")


def test_the_prefix_table_is_kept_in_a_private_folder_and_nothing_is_printed(tmp_path: Path) -> None:
    env = {**os.environ, "JIEHUA_CACHE": str(tmp_path / "cache"), "TMPDIR": str(tmp_path / "shared")}
    (tmp_path / "shared").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", "from language.segment import words; print('|'.join(words('我要退货')))"],
        cwd=ROOT, env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.replace("|", "").strip() == "我要退货"
    assert done.stderr == ""
    assert list((tmp_path / "shared").iterdir()) == []
    (kept,) = (tmp_path / "cache" / "jiehua").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    assert (kept / "jieba.cache").exists()


def test_a_cache_that_others_may_write_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "jiehua"
    code = (
        "import jieba, sys; from language import segment; import pathlib;"
        "f = pathlib.Path(sys.argv[1]) / 'jiehua' / f'jieba-{jieba.__version__}-py{sys.version_info[1]}';"
        "f.mkdir(parents=True); f.chmod(0o777); print(segment._private_cache());"
        "print(segment.words('退货'), list(f.iterdir()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT, env={**os.environ, "JIEHUA_CACHE": str(tmp_path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split("\n")[:2] == ["None", "['退货'] []"]
    assert folder.exists()
