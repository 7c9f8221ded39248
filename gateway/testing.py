"""A bot that follows a script, for trying and testing the gateway without Rasa.

    python -m gateway.testing --port 5005

It speaks the bot's private channel over HTTP: echoes, offers choices, escalates, fails or dawdles on certain words,
so that every path of the gateway can be walked by hand and by tests.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from contracts.answer import Answer, Candidate, Finding, Outcome
from contracts.codec import ContractError, dumps, loads
from contracts.escalation import Escalation, Evidence, Reason
from contracts.turn import BotMessage, Button, TurnFailure, TurnRequest, TurnResult
from contracts.understanding import Intent, Sentiment, Understanding
from gateway.rasa_client import PATH, SECRET_HEADER

Script = Callable[[TurnRequest], TurnResult]


def default_script(request: TurnRequest) -> TurnResult:
    """What the scripted bot makes of a turn.

    转人工 escalates on request, 生气 out of anger, 选 offers two choices, 答 answers from an FAQ entry, 国外 is a miss;
    else an echo.
    """
    text = request.text
    understanding = Understanding(
        intent=Intent("ask_faq", 0.9),
        sentiment=Sentiment("neutral", 0.1, 0.8, 0.1, 0.2, 0.1, 0.0),
        finding=Finding(Outcome.MISS, (), "scripted"),
    )
    if "转人工" in text:
        escalation = Escalation(Reason.EXPLICIT_REQUEST, (Evidence("intent", text[:40], 1.0, request.seq),))
        return TurnResult((), understanding, escalation)
    if "生气" in text:
        escalation = Escalation(Reason.ANGER, (Evidence("anger", text[:40], 2.5, request.seq),))
        return TurnResult((BotMessage("非常抱歉让您不愉快。"),), understanding, escalation)
    if "选" in text:
        buttons = (Button("怎么退货？", "return-howto"), Button("退货运费谁出？", "return-fee"))
        return TurnResult((BotMessage("您想问的是哪一个？", "clarify", buttons),), understanding)
    if "答" in text:
        answer = Answer("return-howto", "怎么退货？", "七天内可以退货。", "售后", "2026-01-01")
        candidate = Candidate("return-howto", "怎么退货？", "怎么退货？", 0.95, 0.9, 0.8)
        understanding = Understanding(Intent("ask_faq", 0.9), finding=Finding(Outcome.ANSWER, (candidate,), "scripted"))
        return TurnResult((BotMessage(answer.text, "answer", answer=answer),), understanding)
    if "国外" in text:
        return TurnResult((BotMessage("抱歉，没找到答案。", "miss"),), understanding)
    return TurnResult((BotMessage(f"收到：{text}"),), understanding)


@dataclass
class ScriptedBot:
    """A bot server over a script; `asked` are the turns it got, `failures` answered first, in order.

    A failure is an HTTP status, or 0 to break the connection. `hold`, when set, keeps every answer back until it is
    set as an event.
    """

    secret: str
    script: Script = default_script
    asked: list[TurnRequest] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    hold: asyncio.Event | None = None
    url: str = ""

    def app(self) -> web.Application:
        """The HTTP application."""
        app = web.Application()
        app.router.add_post(PATH, self._turn)
        app.router.add_get("/webhooks/jiehua/health", self._health)
        app.router.add_get("/health", self._health)
        return app

    @asynccontextmanager
    async def serving(self, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[ScriptedBot]:
        """Serve on `port` (0: a free one) while inside; `url` tells where."""
        runner = web.AppRunner(self.app(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
            self.url = f"http://{host}:{runner.addresses[0][1]}"
            yield self
        finally:
            await runner.cleanup()

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "model": "scripted"})

    async def _turn(self, request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get(SECRET_HEADER, ""), self.secret):
            return _answer(401, dumps(TurnFailure("unauthorised", "wrong secret")))
        try:
            turn = loads(TurnRequest, await request.read())
        except ContractError as error:
            return _answer(400, dumps(TurnFailure("bad_request", str(error))))
        self.asked.append(turn)
        if self.hold is not None:
            await self.hold.wait()
        if self.failures:
            status = self.failures.pop(0)
            if status == 0:
                assert request.transport is not None
                request.transport.abort()
            return _answer(status or 500, dumps(TurnFailure("turn_failed", "scripted failure")))
        return _answer(200, dumps(self.script(turn)))


def _answer(status: int, body: str) -> web.Response:
    return web.Response(status=status, text=body, content_type="application/json")


async def _serve(port: int, secret: str) -> None:
    async with ScriptedBot(secret).serving(port=port) as bot:
        print(f"scripted bot on {bot.url}", flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Serve the scripted bot until interrupted; JIEHUA_BOT_SECRET is the secret."""
    parser = argparse.ArgumentParser(description="A scripted stand-in for the Rasa process.")
    parser.add_argument("--port", type=int, default=5005)
    arguments = parser.parse_args()
    secret = os.environ.get("JIEHUA_BOT_SECRET", "")
    if not secret:
        parser.error("set JIEHUA_BOT_SECRET to the secret that the worker uses")
    asyncio.run(_serve(arguments.port, secret))


if __name__ == "__main__":
    main()
