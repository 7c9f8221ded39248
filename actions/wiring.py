"""Builds and starts the action server; the only module of this room that constructs.

    .venv/bin/python -m actions.wiring

Environment: JIEHUA_BOT_SECRET (required), JIEHUA_ACTIONS_PORT (5055), JIEHUA_FAQ (knowledge_base/faq), JIEHUA_ENCODER
(models/encoder: a folder or a hub name), JIEHUA_DATA (var: the embedding cache), JIEHUA_LOG_LEVEL (WARNING).
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path

from rasa_sdk.executor import ActionExecutor
from sanic import Sanic

from actions.answer_faq import AnswerFaq
from actions.order_status import OrderStatus, ValidateOrderNumber
from actions.orders import DemoOrders, Orders
from actions.repeat import Repeat
from actions.server import build_app
from knowledge_base.encoder import UnusableEncoderError, load_encoder
from knowledge_base.live import LiveBase

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"

logger = logging.getLogger(__name__)


class ServedBase:
    """What the server tells of a live base."""

    def __init__(self, base: LiveBase) -> None:
        self._base = base

    @property
    def version(self) -> str:
        """Id of the version that serves."""
        return self._base.version

    @property
    def entries(self) -> int:
        """How many entries it has."""
        return len(self._base.finder.entries)

    @property
    def stale(self) -> bool:
        """Whether the files hold an error that keeps them from being served."""
        return self._base.stale


def executor(base: LiveBase, orders: Orders) -> ActionExecutor:
    """The actions over a knowledge base and an order system."""
    made = ActionExecutor()
    for action in (AnswerFaq(base), Repeat(), ValidateOrderNumber(), OrderStatus(orders)):
        made.register_action(action)
    return made


def app(secret: str) -> Sanic:
    """The whole server, from the environment."""
    data = _path("JIEHUA_DATA", "var")
    encoder = load_encoder(_encoder())
    base = LiveBase(_path("JIEHUA_FAQ", "knowledge_base/faq"), encoder, cache_folder=data / "embeddings")
    base.finder.find("预热")  # the first search pays for lazy set-up; better here than within a customer's deadline
    made = build_app(executor(base, DemoOrders()), ServedBase(base), secret)

    @made.after_server_start
    async def follow(running: Sanic) -> None:
        running.ctx.stop = asyncio.Event()
        running.ctx.follower = asyncio.create_task(_follow(base, running.ctx.stop))

    @made.before_server_stop
    async def leave(running: Sanic) -> None:
        running.ctx.stop.set()
        running.ctx.follower.cancel()

    return made


def main() -> int:
    """Start and serve; returns the exit status (2: a setting is missing or wrong)."""
    secret = os.environ.get("JIEHUA_BOT_SECRET", "")
    if not secret:
        print("JIEHUA_BOT_SECRET is not set: a random value that the bot knows too", file=sys.stderr)
        return 2
    level = os.environ.get("JIEHUA_LOG_LEVEL", "WARNING").upper()
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        made = app(secret)
    except UnusableEncoderError as error:
        print(error, file=sys.stderr)
        return 2
    port = int(os.environ.get("JIEHUA_ACTIONS_PORT") or 5055)
    made.run(host=HOST, port=port, single_process=True, access_log=False, motd=False, debug=False)
    return 0


async def _follow(base: LiveBase, stop: asyncio.Event) -> None:
    async for changed in base.watch(stop):
        logger.info("faq files changed; version %s serves (%s)", base.version, "new" if changed else "unchanged")


def _path(name: str, default: str) -> Path:
    """The path in the environment variable `name`, or `default`; a relative one is below the checkout."""
    path = Path(os.environ.get(name) or default)
    return path if path.is_absolute() else ROOT / path


def _encoder() -> str:
    """A model folder, or a hub name as it stands."""
    name = os.environ.get("JIEHUA_ENCODER") or "models/encoder"
    folder = _path("JIEHUA_ENCODER", "models/encoder")
    return str(folder) if folder.is_dir() or name.startswith((".", "/")) else name


if __name__ == "__main__":
    sys.exit(main())
