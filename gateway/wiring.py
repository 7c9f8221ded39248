"""Constructs the objects of the gateway, the worker and the archiver process, and runs them.

python -m gateway.wiring      the gateway
python -m gateway.turns       one turn worker
python -m gateway.archiver    the archiver

What only one of them needs is imported where it is built, so that no process loads the others' libraries.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import uvloop

from gateway.secret_file import Secrets, SecretsError, load_secrets
from gateway.settings import Settings, SettingsError

if TYPE_CHECKING:
    import uvicorn

    from gateway.parts import Parts
    from gateway.rasa_client import RasaClient
    from gateway.store import Store
    from handoff.desk import Desk

log = logging.getLogger("jiehua.gateway")

# A frame above the protocol's limit is answered by an error; one above this ends the connection.
HARD_FRAME_FACTOR = 8


def build_desk(settings: Settings) -> Desk:
    """The desk over Redis, or over memory when everything runs in one process."""
    from handoff.desk import Desk
    from handoff.policy import DeskPolicy

    if settings.memory:
        from handoff.memory import MemoryBackend

        return Desk(MemoryBackend(), DeskPolicy())
    from handoff.redis.backend import RedisBackend

    return Desk(RedisBackend(settings.redis_url, tenant=settings.tenant), DeskPolicy())


def build_store(settings: Settings) -> Store:
    """The store of logins and cursors, beside the desk's."""
    from gateway.store import MemoryStore, RedisStore

    return MemoryStore() if settings.memory else RedisStore(settings.redis_url, tenant=settings.tenant)


def build_bot(settings: Settings, secrets: Secrets) -> RasaClient:
    """The bot, with the configured secret or the generated one."""
    from gateway.rasa_client import RasaClient

    return RasaClient(settings.bot_url, settings.bot_secret or secrets.bot_secret)


def build_parts(settings: Settings) -> Parts:
    """Everything the gateway needs."""
    from gateway.parts import Parts
    from gateway.people import People, database_url

    secrets = load_secrets(settings.data)
    return Parts.build(
        settings=settings,
        desk=build_desk(settings),
        people=People(settings.database_url or database_url(settings.data)),
        store=build_store(settings),
        secrets=secrets,
        bot=build_bot(settings, secrets),
    )


def server_config(app: object, settings: Settings) -> uvicorn.Config:
    """How uvicorn serves the gateway: quiet (an access log would hold personal data), within limits."""
    import uvicorn

    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=settings.max_frame_bytes * HARD_FRAME_FACTOR,
        ws_per_message_deflate=False,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        timeout_graceful_shutdown=5,
        limit_concurrency=20_000,
    )


async def _serve(settings: Settings) -> int:
    import uvicorn

    from gateway.app import create_app
    from gateway.turns import TurnWorker

    parts = build_parts(settings)
    try:
        server = uvicorn.Server(server_config(create_app(parts), settings))
        if settings.memory:
            worker = TurnWorker(parts.desk, parts.bot, settings, store=parts.store)
            working = asyncio.create_task(worker.run())
            await server.serve()
            worker.stop()
            await working
        else:
            await server.serve()
        return 0 if server.started else 1
    finally:
        await parts.desk.close()
        await parts.store.close()
        parts.people.close()


def run_gateway(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status."""
    return _run(_serve, settings)


async def _work(settings: Settings) -> int:
    from gateway.relay import Relay
    from gateway.turns import TurnWorker
    from handoff.config.live import LiveSettings

    secrets = load_secrets(settings.data)
    desk = build_desk(settings)
    store = build_store(settings)
    async with build_bot(settings, secrets) as bot:
        worker = TurnWorker(desk, bot, settings, store=store)
        relay, live = Relay(desk), LiveSettings(desk)
        relay.listen(live.hear)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, worker.stop)
        try:
            await relay.start()
            await live.start()
            await worker.run()
        finally:
            await live.close()
            await relay.close()
            await desk.close()
            await store.close()
    return 0


def run_worker(settings: Settings) -> int:
    """Work until SIGTERM or SIGINT; returns the exit status."""
    if settings.memory:
        print("a worker of its own needs Redis; with memory: it runs inside the gateway", file=sys.stderr)
        return 2
    return _run(_work, settings)


async def _archive(settings: Settings) -> int:
    from gateway.archive import open_archive
    from handoff.archive import ArchiveError, Archiver
    from handoff.redis.backend import RedisBackend

    try:
        archive = open_archive(settings)
    except ArchiveError as error:
        print(error, file=sys.stderr)
        return 1
    backend = RedisBackend(settings.redis_url, tenant=settings.tenant)
    archiver = Archiver(backend.outbox, archive)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, archiver.stop)
    try:
        await archiver.run()
    finally:
        await backend.close()
        archive.close()
    return 0


def run_archiver(settings: Settings) -> int:
    """Archive until SIGTERM or SIGINT; returns the exit status."""
    if settings.memory:
        print("the archiver needs Redis; with memory: nothing is kept", file=sys.stderr)
        return 2
    return _run(_archive, settings)


def _run(what: Callable[[Settings], Coroutine[Any, Any, int]], settings: Settings) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        with contextlib.suppress(KeyboardInterrupt):
            return uvloop.run(what(settings))
        return 0
    except SecretsError as error:
        print(error, file=sys.stderr)
        return 1


def main() -> None:
    """Run the gateway as the environment says."""
    try:
        settings = Settings.from_env()
    except SettingsError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error
    raise SystemExit(run_gateway(settings))


if __name__ == "__main__":
    main()
