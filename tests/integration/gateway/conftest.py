"""A running gateway for each test, over memory and over Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.gateway.harness import RunningGateway, running_gateway


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
async def gateway(request: pytest.FixtureRequest, tmp_path: Path, tenant: str) -> AsyncIterator[RunningGateway]:
    """A gateway with its worker and a scripted bot."""
    redis_url = request.getfixturevalue("redis_url") if request.param == "redis" else ""
    async with running_gateway(tmp_path, redis_url=redis_url, tenant=tenant) as running:
        yield running


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[RunningGateway]:
    """A gateway over memory, for what happens before the desk is asked at all."""
    async with running_gateway(tmp_path) as running:
        yield running
