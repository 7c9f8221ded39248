"""`python -m tests.benchmarks [PART …]`: runs the parts (default: all) and writes docs/benchmarks.md."""

from __future__ import annotations

import importlib
import sys

from tests.benchmarks.table import PAGE, Table, write

PARTS = ("turns", "knowledge", "scale", "live", "handoff", "console")


def main(arguments: list[str]) -> int:
    """Run the parts named, in order."""
    unknown = [name for name in arguments if name not in PARTS]
    if unknown:
        print(f"unknown part {', '.join(unknown)}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    for name in arguments or PARTS:
        print(f"== {name}", flush=True)
        tables: list[Table] = []
        for table in importlib.import_module(f"tests.benchmarks.{name}").run():
            tables.append(table)
            write(name, tables)  # each as it comes: what fails later costs nothing that was measured
            print(table.markdown(), flush=True)
    print(f"written to {PAGE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
