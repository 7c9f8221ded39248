"""One clear line for the person at the terminal, and the exit status that goes with it."""

from __future__ import annotations


class Problem(Exception):
    """Something the person can mend: what is wrong, and what to do. Ends the command with `status` (1 or 2)."""

    def __init__(self, what: str, todo: str = "", *, status: int = 2) -> None:
        super().__init__(f"{what}{' → ' + todo if todo else ''}")
        self.status = status
