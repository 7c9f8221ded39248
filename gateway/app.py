"""The ASGI application: pages, doors, health, and what every response carries."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import agent, assets, customer, health, knowledge, reports, supervisor, tools, uploads, wire
from gateway.admin import channels, documents, staff
from gateway.assets import Assets
from gateway.channels import rest, socketio
from gateway.errors import GatewayError, Missing, from_desk
from gateway.parts import Parts
from gateway.records import customers, departures, identity, ticket_page, tickets
from gateway.settings import Settings
from handoff.errors import DeskError

log = logging.getLogger("jiehua.gateway")

WEB = Path(__file__).parent / "web"
PAGES = {
    "/": "widget/index.html",
    "/agent": "console/index.html",
    "/knowledge": "knowledge/index.html",
    "/reports": "reports/index.html",
    "/admin": "admin/index.html",
    "/ticket": "ticket/index.html",
    # One line in any shop's page loads this launcher, so it has a short address that does not change.
    "/widget.js": "widget/embed.js",
}


def create_app(parts: Parts) -> ASGIApp:
    """The application over its parts; starts and stops them with the server."""
    return SecurityHeaders(socketio.mount(http_app(parts), parts), parts.settings)


def http_app(parts: Parts) -> FastAPI:
    """Everything that is asked for by address, in one list of routes."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await parts.start()
        try:
            yield
        finally:
            await parts.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(GatewayError, _gateway_error)
    app.add_exception_handler(DeskError, _desk_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _any_error)
    app.include_router(customer.routes(parts))
    app.include_router(agent.routes(parts))
    app.include_router(knowledge.routes(parts))
    app.include_router(reports.routes(parts))
    app.include_router(supervisor.routes(parts))
    for records in (identity, customers, tickets, departures, ticket_page):
        app.include_router(records.routes(parts))
    for admin in (documents, staff, channels):
        app.include_router(admin.routes(parts))
    app.include_router(uploads.routes(parts))
    app.include_router(tools.routes(parts))
    app.include_router(health.routes(parts))
    app.include_router(rest.routes(parts))
    _pages(app)
    return app


def _pages(app: FastAPI) -> None:
    for path, file in PAGES.items():
        app.add_api_route(path, _page(WEB / file), methods=["GET", "HEAD"])
    app.mount("/static", Assets(directory=WEB, check_dir=False), name="static")


def _page(file: Path):  # type: ignore[no-untyped-def]
    def page(request: Request) -> Response:
        if not file.is_file():
            raise Missing("页面不存在。")
        return assets.response(file, request.headers)

    return page


async def _gateway_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, GatewayError)
    return wire.refusal(error)


async def _desk_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DeskError)
    return wire.refusal(from_desk(error))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = {404: "没有这个地址。", 405: "这个地址不支持该请求方法。"}.get(error.status_code, "请求无法处理。")
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "bad_request")
    return wire.answer(
        {"error": code, "message": sentence}, status=error.status_code, headers=dict(error.headers or {})
    )


async def _any_error(request: Request, error: Exception) -> Response:
    # The server logs the traceback; the caller learns nothing of our insides.
    return wire.refusal(GatewayError())


class SecurityHeaders:
    """Adds the headers that keep a page from running anything but our own files."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        images = " ".join(("'self'", "data:", *settings.image_origins))
        embed = " ".join(("'self'", *settings.embed_origins))
        self._customer = _headers(images, embed)
        self._others = _headers(images, "'none'")
        # Other sites load the launcher by a script tag; nothing else of ours is for them.
        self._launcher = [*self._others, (b"cross-origin-resource-policy", b"cross-origin")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        extra = {"/": self._customer, "/widget.js": self._launcher}.get(scope["path"], self._others)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((name, value) for name, value in extra if name not in present),
                ]
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _headers(images: str, frame_ancestors: str) -> list[tuple[bytes, bytes]]:
    policy = (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src {images}; connect-src 'self'; "
        "font-src 'self'; media-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
        f"frame-ancestors {frame_ancestors}"
    )
    return [
        (b"content-security-policy", policy.encode("ascii")),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    ]
