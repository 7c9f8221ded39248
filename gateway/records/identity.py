"""Which thread a browser is in: the customer's session, the site's signature, and codes that link another device."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from gateway import frames, wire
from gateway.access import CUSTOMER_COOKIE, Proof, address_of
from gateway.errors import NotAllowed, NotNow
from gateway.parts import Parts, now_ms
from gateway.records.bodies import ClaimCode
from gateway.records.claims import CODE_S
from handoff.errors import NotFound, Refused
from handoff.records.identity import Identity, IdentityError, IdentityExpired, verify


async def own_thread(parts: Parts, cookies: Mapping[str, str]) -> str:
    """The thread that this browser reads and writes. Raises NoSession."""
    return await thread_of(parts, parts.customers.require(cookies))


async def thread_of(parts: Parts, proof: Proof) -> str:
    """As `own_thread`, for what a cookie proves."""
    if proof.verified:
        return proof.conversation_id
    return await parts.customer_records.own_thread(proof.conversation_id)


async def _verified(parts: Parts, stated: frames.Identity, before: Proof | None) -> Proof | None:
    """Who the site says this is; None when the browser has to finish a chat first. Raises NotAllowed.

    An old statement gives nothing, and takes nothing from whom the cookie proves to be the same customer: a page that
    was open for an hour goes on.
    """
    identity = Identity(stated.external_id, stated.issued_at, stated.signature, stated.name)
    records = parts.customer_records
    try:
        verify(parts.secrets.site_secret, identity, now_s=int(time.time()), life_s=parts.settings.identity_s)
    except IdentityExpired as error:
        same = before is not None and before.verified and await records.known_as(identity.external_id)
        if before is not None and same == before.conversation_id:
            return before
        raise NotAllowed(str(error)) from error
    except IdentityError as error:
        raise NotAllowed(str(error)) from error
    fresh, _ = parts.customers.mint()
    customer = await records.verified(identity.external_id, identity.name, new_id=fresh)
    shown = {"name": customer.display} if customer.display else {}
    await parts.desk.open(customer.customer_id, channel="web", profile={**shown, "verified": True})
    if before is not None and not before.verified:
        with contextlib.suppress(NotFound):  # nothing was said there
            thread = await parts.desk.conversation(await thread_of(parts, before))
            if thread.case_state != "none":
                return None
        with contextlib.suppress(NotFound, Refused):  # nothing was said, or it is linked already
            await records.merge(before.conversation_id, customer.customer_id, "")
    return Proof(customer.customer_id, True)


def _remember(parts: Parts, request: Request, response: Response, cookie: str, max_age_s: int) -> None:
    secure = request.url.scheme == "https"
    # In a frame on another site a cookie only holds when it is marked for that, which browsers allow over https.
    framed = secure and bool(parts.settings.embed_origins)
    response.set_cookie(
        CUSTOMER_COOKIE,
        cookie,
        max_age=max_age_s,
        httponly=True,
        samesite="none" if framed else "lax",
        secure=secure,
    )
    if framed:
        response.headers["Set-Cookie"] += "; Partitioned"


def routes(parts: Parts) -> APIRouter:
    """Sessions of customers."""
    router = APIRouter()

    @router.post("/api/customer/session")
    async def session(request: Request) -> Response:
        parts.origins.check(request, required=False)
        form = frames.OpenSession()
        if request.headers.get("content-length", "0") != "0":
            form = frames.body(await wire.read_object(request, limit=parts.settings.max_frame_bytes), type(form))
        known = parts.customers.proof_of(request.cookies)
        if form.identity is not None:
            parts.limits.address.take(address_of(request))
            proof = await _verified(parts, form.identity, known)
            if proof is not None:
                response = wire.answer({"conversation_id": proof.conversation_id, "verified": True})
                if proof is known:  # nothing was proven anew, so the cookie lasts no longer
                    return response
                cookie = parts.customers.verified(proof.conversation_id)
                _remember(parts, request, response, cookie, parts.customers.verified_s)
                return response
        if known is not None:
            thread = await thread_of(parts, known)
            return wire.answer({"conversation_id": thread, "verified": known.verified})
        parts.limits.sessions.take(address_of(request))
        conversation_id, cookie = parts.customers.mint()
        response = wire.answer({"conversation_id": conversation_id, "verified": False})
        _remember(parts, request, response, cookie, parts.customers.max_age_s)
        return response

    @router.post("/api/customer/logout")
    async def logout(request: Request) -> Response:
        parts.origins.check(request, required=False)
        response = wire.answer({"ok": True})
        _remember(parts, request, response, "", 0)
        return response

    @router.post("/api/customer/claim")
    async def claim(request: Request) -> Response:
        parts.origins.check(request, required=False)
        proof = parts.customers.require(request.cookies)
        if proof.verified:
            raise NotNow("您已登录，在另一台设备上登录同一账号即可继续。")
        parts.limits.customer.take(proof.conversation_id)
        thread = await thread_of(parts, proof)
        await parts.desk.open(thread, channel="web")
        code = await parts.claims.mint(thread)
        return wire.answer({"code": code, "expires_ms": now_ms() + CODE_S * 1000})

    @router.post("/api/customer/claim/redeem")
    async def redeem(request: Request) -> Response:
        parts.origins.check(request, required=False)
        form = frames.body(await wire.read_object(request, limit=parts.settings.max_frame_bytes), ClaimCode)
        known = parts.customers.proof_of(request.cookies)
        if known is not None and known.verified:
            raise NotNow("您已登录，对话会跟着账号走，不需要认领码。")
        address = address_of(request)
        parts.limits.address.take(address)
        cookie = ""
        if known is None:
            parts.limits.sessions.take(address)
            conversation_id, cookie = parts.customers.mint()
            known = Proof(conversation_id)
        await parts.desk.open(known.conversation_id, channel="web")
        here = await thread_of(parts, known)
        if (await parts.desk.conversation(here)).case_state != "none":
            raise NotNow("这台设备上的人工服务还没有结束，请结束后再输入认领码。")
        thread = await parts.claims.redeem(form.code, address=address)
        if thread != here:
            try:
                await parts.customer_records.merge(known.conversation_id, thread, "")
            except Refused as error:
                raise NotNow("这台设备已经和另一段对话相连，不能再认领。") from error
        response = wire.answer({"conversation_id": thread})
        if cookie:
            _remember(parts, request, response, cookie, parts.customers.max_age_s)
        return response

    return router
