"""What administrators' pages send: one frozen dataclass a request, decoded strictly (see `frames`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PutSettings:
    """`version` is the one that the page showed when editing began."""

    document: dict[str, Any]
    version: int


@dataclass(frozen=True)
class NewPerson:
    name: str
    display: str = ""
    roles: tuple[str, ...] = ("agent",)
    groups: tuple[str, ...] = ()
    cap: int = 5


@dataclass(frozen=True)
class EditPerson:
    display: str | None = None
    roles: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    cap: int | None = None
