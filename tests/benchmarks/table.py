"""Tables of a benchmark run, and the page they are written to."""

from __future__ import annotations

import datetime
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Written by `make bench` (one part: `make bench ARGS="turns"`). Figures are of the machine named with each table; ratios
say more than absolute times. Peers and floors are measured in the same run.
"""


@dataclass(frozen=True)
class Table:
    """One table: its heading, what was done, the column names and the rows."""

    title: str
    about: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]

    def markdown(self) -> str:
        """As GitHub renders it."""
        lines = [f"### {self.title}", "", self.about, "", "| " + " | ".join(self.columns) + " |"]
        lines.append("|" + "---|" * len(self.columns))
        lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in self.rows]
        return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
    return str(value)


def machine() -> str:
    """Processor, cores, memory and system, in one line."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        found = re.search(r"model name\s*:\s*(.+)", info.read_text())
        model = found[1] if found else model
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {gib:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def write(part: str, tables: Sequence[Table]) -> None:
    """Replace the section of `part` on the page, keeping the others."""
    text = PAGE.read_text("utf8") if PAGE.exists() else HEAD
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    body = "\n".join(table.markdown() for table in tables)
    section = f"<!-- {part} -->\n## {part}\n\n{today}, {machine()}.\n\n{body}<!-- /{part} -->\n"
    pattern = re.compile(rf"<!-- {part} -->.*?<!-- /{part} -->\n", re.S)
    text = pattern.sub(lambda _: section, text) if pattern.search(text) else f"{text}\n{section}"
    PAGE.write_text(text, "utf8")
