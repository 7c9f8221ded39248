"""Which version of the base every process that answers customers serves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import aiohttp

PATIENCE_S = 2.0


async def versions(urls: Sequence[str]) -> list[str]:
    """The version that each action server serves now, "" for one that does not say."""
    async with aiohttp.ClientSession(trust_env=False, timeout=aiohttp.ClientTimeout(PATIENCE_S)) as session:
        return list(await asyncio.gather(*(_version(session, url) for url in urls)))


async def _version(session: aiohttp.ClientSession, url: str) -> str:
    try:
        async with session.get(url.rstrip("/") + "/version") as response:
            document: Any = await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return ""
    version = document.get("version") if isinstance(document, dict) else None
    return version if isinstance(version, str) else ""
