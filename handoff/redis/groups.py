"""Consumer groups are made when they are first missed: also after Redis came back empty."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from handoff.errors import BackendUnavailable


async def ensure_group(client: Redis, stream: str, group: str, error: ResponseError) -> None:
    """Create the consumer group if that is what `error` complains about; else raise BackendUnavailable."""
    if not str(error).startswith("NOGROUP"):
        raise BackendUnavailable(f"Redis refused: {error}") from error
    try:
        await client.xgroup_create(stream, group, id="0", mkstream=True)
    except ResponseError as raced:
        if not str(raced).startswith("BUSYGROUP"):
            raise BackendUnavailable(f"Redis refused: {raced}") from raced
    except (RedisError, OSError) as lost:
        raise BackendUnavailable(f"Redis does not answer ({type(lost).__name__})") from lost
