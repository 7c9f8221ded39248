"""Rows of different lengths, one behind the other in one array: a million small arrays cost more than data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Ragged:
    """Row i is `values[starts[i]:starts[i + 1]]`; `starts` [rows + 1]."""

    starts: Ints
    values: NDArray[Any]

    @classmethod
    def of(cls, rows: Sequence[Any], dtype: Any) -> Ragged:
        """The `rows`, each a sequence, with values of `dtype`."""
        sizes = np.fromiter((len(row) for row in rows), np.int64, len(rows))
        values = np.concatenate([np.zeros(0, dtype), *rows]) if rows else np.zeros(0, dtype)
        return cls.sized(sizes, values.astype(dtype, copy=False))

    @classmethod
    def sized(cls, sizes: Ints, values: NDArray[Any]) -> Ragged:
        """Rows of `sizes` [rows] that take up `values` one after another."""
        return cls(np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)]), values)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> NDArray[Any]:
        return self.values[self.starts[row] : self.starts[row + 1]]

    def places(self, rows: Ints) -> tuple[Ints, Ints]:
        """Where the values of `rows` stand, one row behind the other, and each row's size [rows]."""
        begin = self.starts[rows]
        sizes = self.starts[rows + 1] - begin
        ends = sizes.cumsum()
        total = int(ends[-1]) if len(ends) else 0
        return np.arange(total) + (begin - (ends - sizes)).repeat(sizes), sizes

    def take(self, rows: Ints) -> Ragged:
        """Only `rows`, in that order."""
        places, sizes = self.places(rows)
        return Ragged.sized(sizes, self.values[places])


def joined(parts: Sequence[Ragged]) -> Ragged:
    """The rows of all `parts`, one part behind the other."""
    sizes = np.concatenate([np.diff(part.starts) for part in parts])
    return Ragged.sized(sizes, np.concatenate([part.values for part in parts]))
