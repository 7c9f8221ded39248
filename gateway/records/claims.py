"""Claim codes, by which an anonymous customer gets to their thread from another device."""

from __future__ import annotations

import hashlib

from gateway.errors import BadRequest, RateLimited
from gateway.store import Store
from handoff.records.identity import mint_code, read_code

CODE_S = 600
CODES_PER_THREAD = 5
WRONG_CODES = 5
WRONG_WAIT_S = 600


class Claims:
    """Claim codes: short, used once, gone after `CODE_S`; the store has their digests only."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def mint(self, conversation_id: str) -> str:
        """A new code for a thread; an earlier one is void. Raises RateLimited."""
        if await self._store.count(f"claims-made:{conversation_id}", ttl_s=CODE_S) > CODES_PER_THREAD:
            raise RateLimited("认领码要得太频繁了，请过几分钟再试。", retry_after_s=CODE_S)
        code = mint_code()
        earlier = await self._store.take(f"claim-of:{conversation_id}")
        if earlier is not None:
            await self._store.drop(earlier)
        await self._store.put(_claim(code), conversation_id, ttl_s=CODE_S)
        await self._store.put(f"claim-of:{conversation_id}", _claim(code), ttl_s=CODE_S)
        return code

    async def redeem(self, typed: str, *, address: str) -> str:
        """The thread of a code, which is used up by that. Raises BadRequest, RateLimited after too many wrong ones."""
        tries = "claim-tries:" + hashlib.sha256(address.encode()).hexdigest()[:32]
        # Counted before the code is looked at, so that a burst of guesses does not slip through.
        if await self._store.count(tries, ttl_s=WRONG_WAIT_S) > WRONG_CODES:
            raise RateLimited("认领码错误次数太多，请过几分钟再试。", retry_after_s=WRONG_WAIT_S)
        code = read_code(typed)
        found = await self._store.take(_claim(code)) if code else None
        if found is None:
            raise BadRequest("认领码不对，或者已经用过、过期了。请在原来的设备上重新获取。")
        await self._store.drop(tries)
        return found


def _claim(code: str) -> str:
    return "claim:" + hashlib.sha256(code.encode()).hexdigest()
