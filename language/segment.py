"""Words of a Chinese text, cut by jieba with the dictionary it carries plus the words that a base adds."""

from __future__ import annotations

import functools
import importlib.resources
import logging
import os
import stat
import sys
import threading
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from language.normalise import normalise

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # jieba 0.42 imports pkg_resources and has old string escapes
    import jieba

jieba.setLogLevel(logging.WARNING)

_lock = threading.Lock()


def words(text: str) -> list[str]:
    """Cut the normalised `text` into words and punctuation, in order, white space left out."""
    return [word for word in _cutter().cut(normalise(text)) if not word.isspace()]


def content_words(text: str) -> list[str]:
    """The words that carry meaning: no punctuation, no function words such as 的, 了, 吗, 请问."""
    stop = _stop_words()
    return [word for word in words(text) if word not in stop and any(c.isalnum() for c in word)]


def load_user_words(entries: Iterable[str]) -> None:
    """Keep each of `entries` (product names, services) in one piece from now on, in this process."""
    cutter = _cutter()
    with _lock:
        for entry in entries:
            word = normalise(entry)
            if len(word) > 1 and " " not in word:
                cutter.add_word(word)


@functools.cache
def _cutter() -> Any:
    """The one jieba tokenizer of this process, apart from jieba's global one, so that no library disturbs it."""
    with _lock:
        cutter = jieba.Tokenizer()
        cutter.tmp_dir = _private_cache()
        if cutter.tmp_dir is None:  # nowhere safe to keep the prefix table: build it in memory, about a second
            cutter.FREQ, cutter.total = cutter.gen_pfdict(cutter.get_dict_file())
            cutter.initialized = True
        else:
            cutter.initialize()
        return cutter


def _private_cache() -> str | None:
    """A folder of this user's alone for jieba's prefix table, or None.

    jieba's own choice is a fixed name in the shared temporary folder, which anybody could have written before.
    """
    root = os.environ.get("JIEHUA_CACHE") or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(root).expanduser() / "jiehua" / f"jieba-{jieba.__version__}-py{sys.version_info[1]}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = folder.stat()
    except (OSError, RuntimeError):
        return None
    if state.st_uid != os.getuid() or stat.S_IMODE(state.st_mode) & 0o022 or not os.access(folder, os.W_OK):
        return None
    return str(folder)


@functools.cache
def _stop_words() -> frozenset[str]:
    text = (importlib.resources.files("language") / "stop_words.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))
