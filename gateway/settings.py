"""Every setting of the gateway and the turn worker: one table, read from the environment once at start.

A setting is a field of `Settings`; its environment name and help stand beside its default. A test fails when a
setting is missing from `docs/subsystems/gateway.md`.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class SettingsError(ValueError):
    """An environment variable cannot be used: {name}={value}: {what it must be}."""


def _setting(env: str | tuple[str, ...], default: Any, help: str) -> Any:
    names = (env,) if isinstance(env, str) else env
    return dataclasses.field(default=default, metadata={"env": names, "help": help})


_VAR = Path("var")
_FAQ = Path("knowledge_base/faq")


@dataclass(frozen=True)
class Settings:
    """How one process of the gateway runs; immutable after start."""

    host: str = _setting("JIEHUA_HOST", "127.0.0.1", "Address the gateway listens on.")
    port: int = _setting("JIEHUA_PORT", 8000, "Port the gateway listens on.")
    data: Path = _setting("JIEHUA_DATA", _VAR, "Folder for secrets, SQLite and the files of conversations.")  # noqa: RUF009
    redis_url: str = _setting(
        ("JIEHUA_REDIS_URL", "REDIS_URL"),
        "redis://127.0.0.1:6379/0",
        "Redis of the conversations; `unix://PATH` works; `memory:` keeps everything in one process (tries only).",
    )
    tenant: str = _setting("JIEHUA_TENANT", "default", "Separates several shops in one Redis.")
    database_url: str = _setting(
        "JIEHUA_DATABASE_URL", "", "SQLAlchemy URL of people and audit; empty: jiehua.db in the data folder."
    )
    archive_url: str = _setting(
        "JIEHUA_ARCHIVE_URL", "", "SQLAlchemy URL of the archive; empty: archive.db in the data folder."
    )
    bot_url: str = _setting("JIEHUA_BOT_URL", "http://127.0.0.1:5005", "Rasa, private.")
    bot_secret: str = _setting(
        "JIEHUA_BOT_SECRET", "", "Shared with the bot's channel; empty: the one generated in the data folder."
    )
    actions_url: str = _setting(
        "JIEHUA_ACTIONS_URL",
        "http://127.0.0.1:5055",
        "Action server, asked by /ready and for the version that it serves.",
    )
    action_servers: tuple[str, ...] = _setting(
        "JIEHUA_ACTION_SERVERS", (), "All action servers with commas between, where there are several."
    )
    public_origins: tuple[str, ...] = _setting(
        "JIEHUA_PUBLIC_ORIGINS",
        (),
        "Origins under which browsers reach the pages, comma separated; empty: the address itself.",
    )
    embed_origins: tuple[str, ...] = _setting(
        "JIEHUA_EMBED_ORIGINS", (), "Sites that may show the customer page in a frame, comma separated."
    )
    trusted_proxies: str = _setting(
        "JIEHUA_TRUSTED_PROXIES", "", "Addresses of reverse proxies whose X-Forwarded-* are believed."
    )
    rest_token: str = _setting(
        "JIEHUA_REST_TOKEN", "", "Bearer token of the REST webhook; empty: only callers on this machine are served."
    )
    image_origins: tuple[str, ...] = _setting(
        "JIEHUA_IMAGE_ORIGINS", (), "Other origins whose images answers may show, comma separated."
    )
    faq: Path = _setting("JIEHUA_FAQ", _FAQ, "FAQ files: edited on the knowledge pages, suggested to agents.")  # noqa: RUF009
    encoder: str = _setting("JIEHUA_ENCODER", "models/encoder", "Encoder of the FAQ, a folder or a hub name.")
    golden: str = _setting(
        "JIEHUA_GOLDEN", "", "Golden questions asked before publishing, JSON Lines; empty: golden.jsonl beside the FAQ."
    )
    shop_name: str = _setting("JIEHUA_SHOP_NAME", "在线客服", "Name shown on the customer page.")
    greeting: str = _setting(
        "JIEHUA_GREETING",
        "您好，我是智能客服。有问题请直接说，需要人工可以随时点「转人工」。",
        "First line on the customer page.",
    )
    chips: tuple[str, ...] = _setting(
        "JIEHUA_CHIPS",
        ("怎么退货", "什么时候发货", "怎么开发票", "运费怎么算"),
        "Suggested questions on the customer page, comma separated, at most 7.",
    )
    max_text_characters: int = _setting("JIEHUA_MAX_TEXT_CHARACTERS", 2000, "Longest message of a customer or agent.")
    max_frame_bytes: int = _setting("JIEHUA_MAX_FRAME_BYTES", 16 * 1024, "Longest socket frame or request body.")
    attachment_bytes: int = _setting("JIEHUA_ATTACHMENT_BYTES", 10 * 1024**2, "Largest picture or file.")
    attachments_per_conversation: int = _setting(
        "JIEHUA_ATTACHMENTS_PER_CONVERSATION", 200, "Most pictures and files one conversation keeps."
    )
    attachment_bytes_per_conversation: int = _setting(
        "JIEHUA_ATTACHMENT_BYTES_PER_CONVERSATION", 200 * 1024**2, "Their size together."
    )
    disk_reserve_bytes: int = _setting(
        "JIEHUA_DISK_RESERVE_BYTES", 256 * 1024**2, "Disk space that pictures and files leave free."
    )
    customer_burst: int = _setting("JIEHUA_CUSTOMER_BURST", 8, "Messages one customer may send at once.")
    customer_per_minute: int = _setting("JIEHUA_CUSTOMER_PER_MINUTE", 40, "Messages of one customer, sustained.")
    address_burst: int = _setting("JIEHUA_ADDRESS_BURST", 60, "Messages one network address may send at once.")
    address_per_minute: int = _setting("JIEHUA_ADDRESS_PER_MINUTE", 600, "Messages of one address, sustained.")
    sessions_per_minute: int = _setting("JIEHUA_SESSIONS_PER_MINUTE", 60, "New customers from one network address.")
    sockets_per_address: int = _setting("JIEHUA_SOCKETS_PER_ADDRESS", 200, "Open sockets of one network address.")
    login_attempts: int = _setting("JIEHUA_LOGIN_ATTEMPTS", 5, "Wrong passwords before a name has to wait.")
    login_wait_s: int = _setting("JIEHUA_LOGIN_WAIT_S", 60, "Seconds after which one more password may be tried.")
    customer_session_days: int = _setting("JIEHUA_CUSTOMER_SESSION_DAYS", 365, "Life of a customer's cookie.")
    verified_hours: int = _setting(
        "JIEHUA_VERIFIED_HOURS", 24, "Life of the cookie of a customer whom the embedding site has signed for."
    )
    identity_s: int = _setting("JIEHUA_IDENTITY_S", 600, "Seconds for which a site's signature is good.")
    agent_session_hours: int = _setting("JIEHUA_AGENT_SESSION_HOURS", 12, "Life of an agent's login, renewed by use.")
    socket_queue: int = _setting("JIEHUA_SOCKET_QUEUE", 256, "Frames that may wait for a slow browser.")
    heartbeat_s: float = _setting("JIEHUA_HEARTBEAT_S", 10.0, "Seconds between heartbeats of connected agents.")
    sweep_s: float = _setting("JIEHUA_SWEEP_S", 1.0, "Seconds between sweeps for lapsed offers and lost agents.")
    worker_concurrency: int = _setting("JIEHUA_WORKER_CONCURRENCY", 8, "Turns one worker process runs at once.")
    turn_deadline_ms: int = _setting("JIEHUA_TURN_DEADLINE_MS", 5000, "Time the bot has for one attempt at a turn.")
    rest_wait_ms: int = _setting("JIEHUA_REST_WAIT_MS", 15_000, "Time a REST call waits for the bot's replies.")

    @property
    def actions_urls(self) -> tuple[str, ...]:
        """Every action server."""
        return self.action_servers or (self.actions_url,)

    @property
    def memory(self) -> bool:
        """Everything in one process, nothing kept."""
        return self.redis_url.startswith("memory:")

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read the environment; raises SettingsError naming the variable that does not fit."""
        env = os.environ if env is None else env
        values: dict[str, Any] = {}
        for field in dataclasses.fields(cls):
            for name in field.metadata["env"]:
                if env.get(name, "") != "":
                    values[field.name] = _parse(name, env[name], field.default)
                    break
        return cls(**values)


def _parse(name: str, text: str, default: Any) -> Any:
    """Turn a variable into the type of its default."""
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if isinstance(default, Path):
        return Path(text)
    if isinstance(default, (int, float)):
        try:
            number = type(default)(text)
        except ValueError as error:
            raise SettingsError(f"{name}={text}: must be a number") from error
        if number < 0:
            raise SettingsError(f"{name}={text}: must not be negative")
        return number
    return text
