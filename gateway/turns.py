"""The turn worker: claims turns, asks the bot, hands the result to the desk. A process of its own.

    python -m gateway.turns

It runs several turns at once, never two of one conversation (the desk sees to that). A failed attempt is tried once
more; then the customer is told and put in the queue with the reason `bot_unavailable`. A worker that dies leaves its
turn with the desk, which gives it to another. On SIGTERM it finishes the turns in flight.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from contracts.turn import TurnRequest, TurnResult
from gateway.rasa_client import BotError
from gateway.settings import Settings
from gateway.store import Store
from gateway.unseen import about_files, with_remark
from handoff.desk import Desk
from handoff.errors import BackendUnavailable, DeskError
from handoff.model import Finished, Turn

log = logging.getLogger("jiehua.turns")

T = TypeVar("T")

CLAIM_WAIT_MS = 1000
ALIVE_S = 2.0
ALIVE_NAME = "worker-alive"
TRIES = 2
# An answer that comes sooner needs no 「正在输入」.
TYPING_AFTER_S = 0.15
# Between two attempts the bot gets a moment: a restart of a Rasa process drops connections for an instant.
PAUSE_BEFORE_SECOND_TRY_S = 0.2
BACKOFF_S = (0.05, 0.2, 0.5, 1.0, 2.0)


class Bot(Protocol):
    """Who answers turns; `rasa_client.RasaClient` in earnest."""

    async def turn(self, request: TurnRequest) -> TurnResult:
        """One attempt; raises BotError."""


class TurnWorker:
    """Claims and runs turns until `stop` is called."""

    def __init__(self, desk: Desk, bot: Bot, settings: Settings, *, store: Store | None = None, name: str = "") -> None:
        self.name = name or f"{socket.gethostname()}-{secrets.token_hex(4)}"
        self._desk = desk
        self._bot = bot
        self._settings = settings
        self._store = store
        self._stopping = asyncio.Event()
        self._over = asyncio.Event()
        self._free = asyncio.Semaphore(settings.worker_concurrency)
        self._running: set[asyncio.Task[None]] = set()
        self._turns: dict[str, Turn] = {}

    def stop(self) -> None:
        """Claim nothing more; `run` returns when the turns in flight are done."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until stopped, then finish what is in flight."""
        upkeep = [asyncio.create_task(self._stay_alive()), asyncio.create_task(self._sweep())]
        try:
            await self._claim_loop()
        finally:
            try:
                if self._running:
                    await asyncio.wait(self._running)
            finally:
                # A cancelled Redis call may end as an ordinary error, which the loops outlive: so tell them as well.
                self._over.set()
                for task in upkeep:
                    task.cancel()
                await asyncio.gather(*upkeep, return_exceptions=True)

    async def _claim_loop(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            await self._free.acquire()
            turn: Turn | None = None
            try:
                # A claim is never cancelled: a turn just given to us would wait until it is recovered. So stopping
                # takes up to CLAIM_WAIT_MS.
                turn = await self._desk.claim_turn(self.name, wait_ms=CLAIM_WAIT_MS)
                failures = 0
            except DeskError as error:
                log.warning("cannot claim turns: %s", type(error).__name__)
                await self._pause(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
                failures += 1
            finally:
                if turn is None:
                    self._free.release()
            if turn is not None:
                task = asyncio.create_task(self._run_turn(turn))
                self._running.add(task)
                task.add_done_callback(self._running.discard)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), seconds)

    async def _run_turn(self, turn: Turn) -> None:
        self._turns[turn.turn_id] = turn
        try:
            await self._answer(turn)
        except DeskError as error:
            # Nothing is lost: the turn stays with the desk and is claimed again.
            log.error("turn %s not finished: %s", turn.turn_id, type(error).__name__)
        except Exception:
            log.exception("turn %s failed in the worker", turn.turn_id)
        finally:
            self._turns.pop(turn.turn_id, None)
            self._free.release()

    async def _answer(self, turn: Turn) -> None:
        typing = Typing(self._desk, turn.conversation_id)
        understood = False
        try:
            result = await self._ask(turn)
        except BotError as error:
            log.warning("turn %s: bot failed: %s", turn.turn_id, error.code)
            code = error.code
            finished = await self._persist(lambda: self._desk.fail_turn(turn, error=code))
        else:
            understood = result.understanding is not None
            finished = await self._persist(lambda: self._desk.finish_turn(turn, result))
        finally:
            typing.cancel()
        # Who waits for the end of a turn sees it by its annotation; without one they are told.
        await typing.ended(tell=not understood)
        if not finished.accepted:
            log.info("turn %s was fenced", turn.turn_id)

    async def _ask(self, turn: Turn) -> TurnResult:
        """Ask the bot, twice if the first failure may pass; raises BotError."""
        if turn.wordless:
            return about_files(turn)
        request = TurnRequest(
            conversation_id=turn.conversation_id,
            bot_session=turn.bot_session,
            seq=turn.seq,
            text=turn.text,
            channel=turn.channel,
            case_state=turn.case_state,
            choice=turn.choice,
            outcome=turn.outcome,
            vip=turn.vip,
            deadline_ms=self._settings.turn_deadline_ms,
            triggers=self._desk.config.triggers.set(),
        )
        for attempt in range(1, TRIES + 1):
            try:
                return with_remark(await self._bot.turn(request), turn)
            except BotError as error:
                if attempt == TRIES or not error.again:
                    raise
                log.info("turn %s: trying again after %s", turn.turn_id, error.code)
                await asyncio.sleep(PAUSE_BEFORE_SECOND_TRY_S)
        raise AssertionError("unreachable")

    async def _persist(self, write: Callable[[], Awaitable[Finished]]) -> Finished:
        """Write the outcome; while Redis is away, keep trying for a while: writing it twice changes nothing."""
        for pause in BACKOFF_S:
            try:
                return await write()
            except BackendUnavailable:
                await asyncio.sleep(pause)
        return await write()

    async def _stay_alive(self) -> None:
        while not self._over.is_set():
            try:
                await self._desk.turn_alive(self.name, list(self._turns.values()))
                if self._store is not None:
                    await self._store.put(ALIVE_NAME, self.name, ttl_s=ALIVE_S * 4)
            except Exception as error:
                log.warning("no sign of life: %s", type(error).__name__)
            await self._rest(ALIVE_S)

    async def _sweep(self) -> None:
        while not self._over.is_set():
            await self._rest(self._settings.sweep_s)
            try:
                await self._desk.sweep()
            except Exception as error:
                log.warning("sweep failed: %s", type(error).__name__)


class Typing:
    """Tells the customer that an answer is coming, when it is not there at once; not worth failing a turn over."""

    def __init__(self, desk: Desk, conversation_id: str) -> None:
        self._desk = desk
        self._conversation_id = conversation_id
        self._telling: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(TYPING_AFTER_S, self._tell)

    def cancel(self) -> None:
        """The answer is there: say nothing more."""
        self._timer.cancel()

    async def ended(self, *, tell: bool) -> None:
        """The answer is written; take back what was told, or announce the end when `tell`."""
        if self._telling is not None:
            await self._telling
        if self._telling is not None or tell:
            await self._publish(on=False)

    def _tell(self) -> None:
        self._telling = asyncio.create_task(self._publish(on=True))

    async def _publish(self, *, on: bool) -> None:
        with contextlib.suppress(DeskError):
            await self._desk.publish_typing(self._conversation_id, author="bot", on=on)


def main() -> None:
    """Run one worker process until SIGTERM or SIGINT."""
    from gateway.wiring import run_worker

    raise SystemExit(run_worker(Settings.from_env()))


if __name__ == "__main__":
    main()
