"""What every test of faults may use."""

from __future__ import annotations

import os
import random

import pytest


@pytest.fixture
def chance() -> random.Random:
    """Decides when faults come; its seed is printed, and JIEHUA_FAULT_SEED plays one again."""
    seed = int(os.environ.get("JIEHUA_FAULT_SEED") or random.randrange(1_000_000))
    print(f"JIEHUA_FAULT_SEED={seed}")
    return random.Random(seed)
