"""The real gateway with a bot that follows a script: the screens' tests need its exact words, not its cleverness.

`ScriptedStack` has the same `url` and `agent()` as the whole stack, and starts in a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import uvicorn

from contracts.answer import Answer, Candidate, Finding, Outcome
from contracts.codec import dumps, loads
from contracts.escalation import Escalation, Evidence, Reason
from contracts.turn import BotMessage, Button, TurnRequest, TurnResult
from contracts.understanding import Entity, Intent, Sentiment, Understanding
from gateway.app import create_app
from gateway.people import People, database_url
from gateway.secret_file import load_secrets
from gateway.settings import Settings
from gateway.turns import TurnWorker
from gateway.wiring import build_parts, server_config
from tests.payloads import PAYLOADS

REFUND = Answer(
    entry_id="scripted-refund",
    question="退款多久到账",
    text=(
        "仓库收到退货并**质检通过**后原路退回：\n\n- 微信、支付宝：即时到账\n- 银行卡：1–3 个工作日\n\n"
        "详情见[退款说明](https://example.com/refund)。"
    ),
    category="退款售后",
    updated="2026-10-12",
)
HOSTILE = (
    "<img src=x onerror=alert(1)><script>alert(1)</script> [点我](javascript:alert(1)) "
    "[也点我](data:text/html,<script>alert(1)</script>) ![x](javascript:alert(1)) **<b onclick=alert(1)>粗</b>** "
    "<svg/onload=alert(1)> `<iframe srcdoc='<script>alert(1)</script>'>`"
)
CALM = Sentiment("neutral", 0.08, 0.86, 0.06, 0.1, 0.03, 0.01)
FURIOUS = Sentiment("negative", 0.93, 0.06, 0.01, 2.6, 0.4, 0.05, (("太气人", 1.92), ("骗", 0.81), ("三天", 0.37)))
ORDER = "SG202611030017"


def turn(request: TurnRequest, misses: dict[str, int]) -> TurnResult:
    """What the scripted bot makes of a message; `misses` counts per conversation."""
    text = request.text
    at = text.find(ORDER)
    entities = (Entity("order_number", ORDER, at, at + len(ORDER)),) if at >= 0 else ()
    candidates = (
        Candidate(REFUND.entry_id, REFUND.question, "钱什么时候退回来", 0.91, 0.78, 0.52),
        Candidate("scripted-progress", "怎么查退款进度", "退款进度在哪看", 0.34, 0.55, 0.31),
    )

    def understood(intent: str, outcome: Outcome, sentiment: Sentiment = CALM) -> Understanding:
        found = candidates if outcome is not Outcome.MISS else candidates[1:]
        return Understanding(
            intent=Intent(intent, 0.93),
            ranking=(Intent(intent, 0.93), Intent("order_status", 0.04)),
            entities=entities,
            sentiment=sentiment,
            finding=Finding(outcome, found, "scripted"),
        )

    if "人工" in text:
        evidence = (Evidence("words", text, 1.0, request.seq),)
        return TurnResult(
            (BotMessage("好的，这就为您请人工客服。"),),
            understood("request_human", Outcome.MISS),
            Escalation(Reason.EXPLICIT_REQUEST, evidence),
        )
    if "气人" in text:
        return TurnResult(
            (BotMessage("非常抱歉让您生气了，这就为您请人工客服。"),),
            understood("complain", Outcome.ANSWER, FURIOUS),
            Escalation(Reason.ANGER, (Evidence("anger", "太气人", 2.6, request.seq),)),
        )
    if text == "CORPUS":
        answers = (Answer("hostile", one, one, one, "2026-01-01", one) for one in PAYLOADS)
        said = tuple(BotMessage(one.text, "answer", answer=one) for one in answers)
        choices = BotMessage("选一个", "clarify", tuple(Button(one, f"c{at}") for at, one in enumerate(PAYLOADS)))
        return TurnResult((*said, choices), understood("faq", Outcome.ANSWER))
    if "HOSTILE" in text:
        answer = Answer("hostile", HOSTILE, HOSTILE, HOSTILE, "2026-01-01", HOSTILE)
        return TurnResult((BotMessage(HOSTILE, "answer", answer=answer),), understood("faq", Outcome.ANSWER))
    if request.choice == REFUND.entry_id or "退款" in text:
        misses.pop(request.conversation_id, None)
        return TurnResult((BotMessage(REFUND.text, "answer", answer=REFUND),), understood("faq", Outcome.ANSWER))
    if text == "订单":
        titles = {"退款多久到账": REFUND.entry_id, "怎么修改收货地址": "address-change", "怎么取消订单": "order-cancel"}
        buttons = tuple(Button(title, choice) for title, choice in titles.items())
        return TurnResult((BotMessage("您想问的是哪一个？", "clarify", buttons),), understood("faq", Outcome.CLARIFY))
    if "?" in text or "？" in text or "吗" in text:
        count = misses[request.conversation_id] = misses.get(request.conversation_id, 0) + 1
        message = BotMessage("抱歉，这个问题我还答不上来，您可以换个说法，或者点「转人工」。", "miss")
        escalation = Escalation(Reason.MISSES, (Evidence("miss", text, 2.0, request.seq),)) if count >= 2 else None
        return TurnResult((message,), understood("faq", Outcome.MISS), escalation)
    return TurnResult((BotMessage(f"收到：{text}"),), understood("chitchat", Outcome.MISS))


class _Handler(BaseHTTPRequestHandler):
    misses: dict[str, int]

    def do_GET(self) -> None:
        self._answer("{}")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(dumps(turn(loads(TurnRequest, body), self.misses)))

    def _answer(self, text: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class ScriptedStack:
    """A gateway with everything in memory, in a thread of its own; use as a context manager."""

    def __init__(self, **environment: str) -> None:
        self.data = Path(tempfile.mkdtemp(prefix="jh-screens-"))
        self.faq = self.data / "faq"  # the tests' own: what they draft stays out of the shop's
        self.faq.mkdir()
        handler = type("Handler", (_Handler,), {"misses": {}})
        self._bot = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._bot.serve_forever, daemon=True).start()
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._settings = Settings.from_env(
            {
                "JIEHUA_REDIS_URL": "memory:",
                "JIEHUA_DATA": str(self.data),
                "JIEHUA_PORT": str(port),
                "JIEHUA_BOT_URL": f"http://127.0.0.1:{self._bot.server_port}",
                "JIEHUA_BOT_SECRET": secrets.token_hex(16),
                "JIEHUA_FAQ": str(self.faq),
                "JIEHUA_SHOP_NAME": "山谷生活馆",
                # The tests' customers are quicker than people.
                "JIEHUA_CUSTOMER_BURST": "1000",
                "JIEHUA_CUSTOMER_PER_MINUTE": "6000",
                "JIEHUA_ADDRESS_BURST": "5000",
                "JIEHUA_ADDRESS_PER_MINUTE": "60000",
                "JIEHUA_SESSIONS_PER_MINUTE": "6000",
                **environment,
            }
        )
        self._server: uvicorn.Server | None = None
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        for _ in _tries(60):
            if self._server is not None and self._server.started:
                break
            if not self._thread.is_alive():
                raise RuntimeError("the gateway did not start") from self._failed

    def agent(
        self, name: str, *, display: str = "", role: str = "agent", cap: int = 5, groups: tuple[str, ...] = ()
    ) -> str:
        """Add a person; returns the password."""
        people = People(database_url(self.data))
        try:
            return people.add(name, display=display or name, roles=(role,), cap=cap, groups=groups)[1]
        finally:
            people.close()

    def site_secret(self) -> str:
        """What the embedding site signs with."""
        return load_secrets(self.data).site_secret

    def stop(self) -> None:
        """End the gateway and the bot."""
        if self._server is not None:
            self._server.should_exit = True
        self._thread.join(30)
        self._bot.shutdown()
        self._bot.server_close()
        shutil.rmtree(self.data, ignore_errors=True)

    def __enter__(self) -> ScriptedStack:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failed = error

    async def _serve(self) -> None:
        parts = build_parts(self._settings)
        config = server_config(create_app(parts), self._settings)
        config.loop = "asyncio"
        self._server = uvicorn.Server(config)
        worker = TurnWorker(parts.desk, parts.bot, self._settings, store=parts.store)
        working = asyncio.create_task(worker.run())
        try:
            # `serve` would take the process's signals, which belong to the tests.
            await self._server._serve()
        finally:
            worker.stop()
            await working
            await parts.desk.close()
            await parts.store.close()
            parts.people.close()


def _tries(seconds: float) -> Iterator[int]:
    """Numbers for a polling loop, ended by the clock."""
    end = time.monotonic() + seconds
    count = 0
    while time.monotonic() < end:
        yield count
        count += 1
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":  # a try by hand: python -m tests.e2e.scripted
    with ScriptedStack() as stack:
        print(stack.url, "agent xiaowang", stack.agent("xiaowang", display="小王", role="supervisor"))
        print("agent xiaoli", stack.agent("xiaoli", display="小李"), flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
