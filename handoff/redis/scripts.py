"""Loads the Lua scripts and runs them; their result codes become errors here and nowhere else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from handoff import lifecycle
from handoff.errors import BackendUnavailable, DeskError, NotAllowed, NotFound, Refused, Stale

FOLDER = Path(__file__).with_name("scripts")
PRELUDES = ("prelude", "prelude_records", "prelude_turns", "prelude_clocks")
OK = 0
ERRORS: Mapping[int, type[DeskError]] = {1: NotFound, 2: NotAllowed, 3: Stale, 4: Refused}
# Scripts that must not be sent again when it is unknown whether they ran: the lifecycle would refuse the second run,
# which would hide that the first had succeeded. All others answer the same twice and change nothing the second time.
ONCE = frozenset({"leave_line", "offer", "pass_on", "save_record", "transfer"})


@dataclass(frozen=True)
class Script:
    """One verb: its source with the preludes in front, and the name Redis knows it by."""

    name: str
    source: str
    sha: str


@cache
def load_scripts() -> Mapping[str, Script]:
    """Every script of the folder by name."""
    parts = [(FOLDER / f"{name}.lua").read_text(encoding="utf-8") for name in PRELUDES]
    prelude = "\n".join(parts).replace("@TRANSITIONS@", lifecycle.as_lua())
    scripts = {}
    for path in sorted(FOLDER.glob("*.lua")):
        if path.stem not in PRELUDES:
            source = prelude + path.read_text(encoding="utf-8")
            digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
            scripts[path.stem] = Script(path.stem, source, digest)
    return scripts


class ScriptRunner:
    """Runs scripts for one tenant. `clock` moves the time of the scripts; without it they read Redis TIME."""

    def __init__(self, client: Redis, root: str, clock: Callable[[], int] | None = None) -> None:
        self._client = client
        self._root = root
        self._clock = clock
        self._scripts = load_scripts()

    async def __call__(self, name: str, **arguments: Any) -> list[Any]:
        """Run one script and return what follows its OK.

        Raises the error of its code, or BackendUnavailable when Redis cannot be reached or does not answer in time.
        """
        script = self._scripts[name]
        sent = self.call(name, **arguments)
        tries = 1 if name in ONCE else 2
        while True:
            tries -= 1
            try:
                result = await self._evaluate(script, sent)
                break
            except (RedisConnectionError, RedisTimeoutError, OSError) as error:
                if not tries:
                    raise BackendUnavailable(f"Redis does not answer ({type(error).__name__})") from error
            except RedisError as error:
                raise BackendUnavailable(f"Redis refused {name}: {error}") from error
        return self.result_of(result)

    def call(self, name: str, **arguments: Any) -> tuple[Any, ...]:
        """The arguments of the EVALSHA that runs a script, for pipelines."""
        now = str(self._clock()) if self._clock else ""
        text = json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
        return (self._scripts[name].sha, 1, self._root, now, text)

    def result_of(self, reply: Any) -> list[Any]:
        """What follows the OK of a script's reply; raises the error of its code."""
        code = int(reply[0])
        if code != OK:
            raise ERRORS[code](str(reply[1]))
        return list(reply[1:])

    async def _evaluate(self, script: Script, sent: tuple[Any, ...]) -> Any:
        try:
            return await self._client.evalsha(*sent)
        except NoScriptError:
            return await self._client.eval(script.source, *sent[1:])
