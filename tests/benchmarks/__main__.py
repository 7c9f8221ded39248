"""`python -m tests.benchmarks [PART …]`: runs the parts (default: all) and writes docs/benchmarks.md."""

from __future__ import annotations

import importlib
import sys

from tests.benchmarks.table import PAGE, write

PARTS = ("turns", "knowledge", "scale", "live", "handoff", "console")


def main(arguments: list[str]) -> int:
    """Run the parts named, in order."""
    unknown = [name for name in arguments if name not in PARTS]
    if unknown:
        print(f"unknown part {', '.join(unknown)}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    for name in arguments or PARTS:
        print(f"== {name}", flush=True)
        tables = importlib.import_module(f"tests.benchmarks.{name}").run()
        write(name, tables)
        for table in tables:
            print(table.markdown(), flush=True)
    print(f"written to {PAGE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
