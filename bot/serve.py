"""Start the private Rasa process: quietly, on loopback, and without Rasa's safety nets that lose conversations.

    .venv-rasa/bin/python -m bot.serve --port 5005 [--model models/rasa/jiehua.tar.gz]

Needs JIEHUA_BOT_SECRET and JIEHUA_REDIS_URL; reads JIEHUA_ACTIONS_URL, JIEHUA_TENANT, JIEHUA_SENTIMENT,
JIEHUA_TRIGGERS and JIEHUA_LOG_LEVEL.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import warnings
from pathlib import Path
from typing import Any

from bot.paths import MANIFEST, MODEL, ROOT, word_table
from bot.train import word_table_differs
from bot.without_tensorflow import needs_tensorflow, stand_in

_REQUIRED = {
    "JIEHUA_BOT_SECRET": "a random value that the gateway and the action server know too",
    "JIEHUA_REDIS_URL": "redis://HOST:PORT/DB or unix:///path/to/redis.sock",
}


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit status (2: a setting is missing or the model file is)."""
    parser = argparse.ArgumentParser(prog="python -m bot.serve", description="Start the bot's Rasa process.")
    parser.add_argument("--port", type=int, default=int(os.environ.get("JIEHUA_BOT_PORT") or 5005))
    parser.add_argument("--host", default="127.0.0.1", help="leave it on loopback: the gateway is the public door")
    parser.add_argument("--model", type=Path, default=MODEL)
    chosen = parser.parse_args(arguments)
    missing = [f"{name} is not set: {what}" for name, what in _REQUIRED.items() if not os.environ.get(name)]
    if not chosen.model.is_file():
        missing.append(f"{chosen.model} does not exist: train it with  python -m bot.train")
    elif word_table_differs(chosen.model.with_name(MANIFEST.name)):
        missing.append(f"{word_table()} is not what the model was trained with: run  python -m bot.train --if-changed")
    if missing:
        print("\n".join(missing), file=sys.stderr)
        return 2
    os.environ.setdefault("JIEHUA_ACTIONS_URL", "http://127.0.0.1:5055")
    model = chosen.model.resolve()
    if not needs_tensorflow(model):
        stand_in()
    os.chdir(ROOT)
    quiet()
    run(chosen.host, chosen.port, model)
    return 0


def quiet() -> None:
    """Silence what Rasa and its dependencies say about themselves; must run before they are imported."""
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    warnings.simplefilter("ignore")
    import sanic  # noqa: F401 (it turns its own deprecation warnings on when imported)

    warnings.simplefilter("ignore")
    level = os.environ.get("JIEHUA_LOG_LEVEL", "WARNING").upper()
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for noisy in ("apscheduler", "matplotlib", "h5py", "sanic.access"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    import structlog

    number = getattr(logging, level, logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(number))


def run(host: str, port: int, model: Path) -> None:
    """Serve until SIGTERM or SIGINT."""
    from rasa.core.run import configure_app, create_http_input_channels

    channels = create_http_input_channels(None, str(ROOT / "credentials.yml"))
    app = configure_app(channels, enable_api=False, port=port, keep_alive_timeout=75)

    async def load(app: Any, loop: Any) -> None:
        app.ctx.agent, app.ctx.endpoints = await load_bot(model)

    async def close(app: Any, loop: Any) -> None:
        await app.ctx.endpoints.action.close()

    app.register_listener(load, "before_server_start")
    app.register_listener(close, "after_server_stop")
    app.run(host=host, port=port, access_log=False, debug=False, motd=False)


async def load_bot(model: Path) -> tuple[Any, Any]:
    """The agent, ready for turns, and its endpoints; raises SystemExit when the model does not load."""
    from rasa.core.agent import load_agent
    from rasa.core.utils import AvailableEndpoints

    from bot.action_endpoint import ActionEndpoint, secret
    from bot.lean import make_lean

    endpoints = AvailableEndpoints.read_endpoints(str(ROOT / "endpoints.yml"))
    endpoints.action = ActionEndpoint(endpoints.action.url, secret())
    agent = await load_agent(model_path=str(model), endpoints=endpoints)
    if not agent.is_ready():
        raise SystemExit(f"{model} could not be loaded; see the lines above")
    trust_stores(agent)
    make_lean(agent)
    return agent, endpoints


def trust_stores(agent: Any) -> None:
    """Take the tracker store out of Rasa's wrapper, which turns an outage into an empty conversation."""
    store = agent.tracker_store
    store = getattr(store, "_tracker_store", store)
    agent.tracker_store = store
    agent.processor.tracker_store = store


if __name__ == "__main__":
    sys.exit(main())
