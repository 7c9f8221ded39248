"""Keeps the main suite from importing these tests where there is no Rasa."""

from __future__ import annotations

import importlib.util

if importlib.util.find_spec("rasa") is None:
    collect_ignore_glob = ["test_*.py"]
