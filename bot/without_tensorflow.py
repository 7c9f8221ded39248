"""Lets Rasa be imported without TensorFlow, when the model that is served does not need it.

Rasa imports TensorFlow in modules that every server loads, though only DIET, TED and their kin use it. It is more
than half of the start and most of the memory. The stand-in answers every import and every attribute with an empty
class, which is enough for class definitions and annotations; whatever would really compute with it fails at once.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import json
import sys
import tarfile
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_STOOD_IN = frozenset({"tensorflow", "tensorflow_hub", "tensorflow_text", "tensorflow_addons", "keras", "jax"})
#: Components of Rasa that compute with TensorFlow, by the end of their class path.
_NEEDS_IT = (
    "DIETClassifier",
    "ResponseSelector",
    "TEDPolicy",
    "UnexpecTEDIntentPolicy",
    "LanguageModelFeaturizer",
    "ConveRTFeaturizer",
)


def needs_tensorflow(model: Path) -> bool:
    """Whether a component of the trained `model` (a .tar.gz) computes with TensorFlow; True when it cannot be told."""
    try:
        with tarfile.open(model) as archive:
            member = next(name for name in archive.getnames() if name.endswith("metadata.json"))
            document = json.load(archive.extractfile(member))  # type: ignore[arg-type]
        used = [str(node["uses"]) for node in document["predict_schema"]["nodes"].values()]
    except (OSError, tarfile.TarError, StopIteration, ValueError, KeyError, TypeError):
        return True
    return any(name.endswith(_NEEDS_IT) for name in used)


def stand_in() -> None:
    """Answer imports of TensorFlow from now on; it must not be imported yet."""
    if "tensorflow" in sys.modules or any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    # spaCy's library looks whether there is TensorFlow and goes without when there is none: it must find none.
    sys.modules["tensorflow"] = None  # type: ignore[assignment]
    with contextlib.suppress(ImportError):
        importlib.import_module("thinc.compat")
    del sys.modules["tensorflow"]
    sys.meta_path.insert(0, _Finder())


class _Empty(type):
    """A class whose attributes are empty classes too, and that annotations may combine."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _empty(name)

    def __or__(cls, other: Any) -> Any:
        return cls

    def __getitem__(cls, key: Any) -> Any:
        return cls


def _empty(name: str) -> Any:
    def as_decorator(self: Any, function: Any = None, *_: Any, **__: Any) -> Any:
        return function

    return _Empty(name, (), {"__init__": lambda self, *_, **__: None, "__call__": as_decorator})


class _Module(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _empty(name)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.split(".")[0] in _STOOD_IN:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing to run."""
