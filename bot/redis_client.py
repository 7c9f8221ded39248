"""One way to reach Redis for both stores: bounded waits, and a clear error when it is away."""

from __future__ import annotations

import os

import redis

#: Redis is called inside Rasa's event loop, so a hung server must not hold everybody up for longer than this.
SOCKET_TIMEOUT_SECONDS = 0.5


class StoreUnavailable(Exception):
    """Redis did not answer: {what was being done}: {what Redis said}."""


def connect(url: str) -> redis.Redis:
    """A client for `redis://`, `rediss://` or `unix://` URLs; nothing is sent before the first command."""
    options = {"socket_timeout": SOCKET_TIMEOUT_SECONDS, "decode_responses": True}
    if not url.startswith("unix:"):
        options["socket_connect_timeout"] = SOCKET_TIMEOUT_SECONDS
    return redis.Redis.from_url(url, **options)


def key(kind: str, sender: str) -> str:
    """The key of one bot session; all keys of a tenant share one hash tag, so that they live on one shard."""
    tenant = os.environ.get("JIEHUA_TENANT") or "default"
    return f"jiehua:{{{tenant}}}:bot:{kind}:{sender}"
