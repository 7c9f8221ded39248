"""The golden questions of the base: asked before anything is published, and kept by editors on the pages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gateway.errors import BadRequest, GatewayError, Overtaken
from gateway.settings import Settings
from knowledge_base.golden import Fault, Golden, GoldenChangedError, GoldenFaultError, put, read, remove

Document = dict[str, Any]
FILE = "golden.jsonl"


def golden_files(settings: Settings) -> tuple[Path, Path]:
    """The file of questions with their answers, and beside it, with `_oos` in its name, that of those with none."""
    path = Path(settings.golden) if settings.golden else settings.faq.parent / FILE
    return path, path.with_name(f"{path.stem}_oos{path.suffix}")


def golden_questions(settings: Settings) -> tuple[list[tuple[str, list[str]]], list[Fault]]:
    """(question, ids that answer it; none for what nothing should answer), and the lines that cannot be asked."""
    found: list[tuple[str, list[str]]] = []
    faults: list[Fault] = []
    for path, oos in zip(golden_files(settings), (False, True)):
        rows, wrong = read(path, oos=oos)
        found += [(one.text, list(one.gold)) for one in rows]
        faults += wrong
    return found, faults


class GoldenShelf:
    """The golden files as the pages show and change them; the files stay the truth."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def all(self) -> Document:
        """Every question with its place, and what is wrong in the files."""
        return await asyncio.to_thread(self._all)

    async def put(self, one: Golden, *, oos: bool, known: Callable[[str], bool]) -> Document:
        """Add (line 0) or change a question. Raises BadRequest with the faults, Overtaken when the line changed."""
        path = golden_files(self._settings)[oos]
        try:
            kept = await asyncio.to_thread(lambda: put(path, one, oos=oos, known=known))
        except GoldenFaultError as error:
            fault = error.faults[0]
            details = {"faults": [asdict(fault)]}
            at = f"{fault.file} 第 {fault.line} 行第 {fault.column} 列"
            raise BadRequest(f"{at}：{fault.what}。{fault.how}。", details=details) from error
        except GoldenChangedError as error:
            raise Overtaken("这一行刚被别人改过，没有写入；请看看现在的内容。") from error
        except (OSError, ValueError) as error:
            raise GatewayError("标准问题的文件写不进去，请检查磁盘空间和权限。") from error
        return _row(kept, path, oos)

    async def remove(self, one: Golden, *, oos: bool) -> None:
        """Take a question out. Raises Overtaken when the line changed."""
        path = golden_files(self._settings)[oos]
        try:
            await asyncio.to_thread(remove, path, one)
        except GoldenChangedError as error:
            raise Overtaken("这一行刚被别人改过，没有删除；请看看现在的内容。") from error
        except (OSError, ValueError) as error:
            raise GatewayError("标准问题的文件写不进去，请检查磁盘空间和权限。") from error

    def _all(self) -> Document:
        rows: list[Document] = []
        faults: list[Fault] = []
        for path, oos in zip(golden_files(self._settings), (False, True)):
            found, wrong = read(path, oos=oos)
            rows += [_row(one, path, oos) for one in found]
            faults += wrong
        return {"rows": rows, "faults": [asdict(fault) for fault in faults]}


def _row(one: Golden, path: Path, oos: bool) -> Document:
    return {**asdict(one), "gold": list(one.gold), "file": path.name, "oos": oos}
