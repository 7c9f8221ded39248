"""Who is asking: customers by a signed cookie, staff by a server-side login, pages by their origin.

A customer's cookie holds a conversation id that the gateway minted, and its signature; nothing else leads to a
conversation. A login is an opaque token whose digest is kept in the store, so that it can be ended at once.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import HTTPConnection

from gateway.errors import NoSession, NotAllowed, RateLimited
from gateway.people import People, Person, Role
from gateway.settings import Settings
from gateway.store import Store
from handoff.desk import Desk
from handoff.model import Case, CaseState

CUSTOMER_COOKIE = "jiehua_customer"
AGENT_COOKIE = "jiehua_agent"
WEB_PREFIX = "web:"
# A name may be tried this many times more often over all addresses than from one.
EVERYWHERE_FACTOR = 10


@dataclass(frozen=True)
class Proof:
    """The thread that a customer's cookie proves; `verified` when the embedding site has signed who they are."""

    conversation_id: str
    verified: bool = False


@dataclass(frozen=True)
class Login:
    """A person's login: `token` is what their cookie holds."""

    person: Person
    token: str


class Customers:
    """Customers' signed cookies; that of a verified customer lives `verified_s` only."""

    def __init__(self, cookie_key: str, *, max_age_s: int, verified_s: int) -> None:
        self._signer = URLSafeTimedSerializer(cookie_key, salt="jiehua.customer")
        self.max_age_s = max_age_s
        self.verified_s = verified_s

    def mint(self) -> tuple[str, str]:
        """A new, unguessable conversation id and the cookie value that proves it."""
        conversation_id = WEB_PREFIX + secrets.token_urlsafe(18)
        return conversation_id, self._signer.dumps(conversation_id)

    def verified(self, conversation_id: str) -> str:
        """The cookie value of a verified customer."""
        return self._signer.dumps({"verified": conversation_id})

    def proof_of(self, cookies: Mapping[str, str]) -> Proof | None:
        """What the cookie proves, or None for a missing, forged or expired one."""
        value = cookies.get(CUSTOMER_COOKIE, "")
        if not value or len(value) > 512:
            return None
        try:
            found = self._signer.loads(value, max_age=self.max_age_s)
            if isinstance(found, dict):
                found = Proof(self._signer.loads(value, max_age=self.verified_s)["verified"], True)
            else:
                found = Proof(found)
        except (BadSignature, KeyError):
            return None
        named = found.conversation_id
        return found if isinstance(named, str) and named.startswith(WEB_PREFIX) else None

    def require(self, cookies: Mapping[str, str]) -> Proof:
        """As `proof_of`, raising NoSession."""
        found = self.proof_of(cookies)
        if found is None:
            raise NoSession("会话已失效，请刷新页面。")
        return found


class Staff:
    """Logins of the people who work here."""

    # A login is looked up again after this long, so that a suspension takes effect everywhere.
    RECHECK_S = 5.0

    def __init__(
        self,
        people: People,
        store: Store,
        settings: Settings,
        skilled: Callable[[Person], Person] = lambda person: person,
    ) -> None:
        """`skilled` gives a person the groups and the capacity that the settings in force name for them."""
        self._people = people
        self._store = store
        self._settings = settings
        self._skilled = skilled
        self._life_s = settings.agent_session_hours * 3600
        self._seen: dict[str, tuple[Person, float]] = {}
        # Password hashing takes 64 MiB and a core; a burst of logins must not take the machine.
        self._hashing = asyncio.Semaphore(2)

    async def login(self, name: str, password: str, *, address: str) -> Login:
        """Check a password; raises NoSession when it does not fit, RateLimited after too many wrong ones."""
        name = name.strip().lower()
        # One address is stopped soon, a name under attack from many later: else a stranger could lock somebody out.
        here, anywhere = _throttle(name, address), _throttle(name, "")
        for throttle, most in ((here, 1), (anywhere, EVERYWHERE_FACTOR)):
            # Counted before the password is looked at, so that a burst of guesses does not slip through.
            tried = await self._store.count(throttle, ttl_s=self._settings.login_wait_s)
            if tried > self._settings.login_attempts * most:
                raise RateLimited(
                    f"密码错误次数太多，请 {self._settings.login_wait_s} 秒后再试。",
                    retry_after_s=self._settings.login_wait_s,
                )
        async with self._hashing:
            person = await asyncio.to_thread(self._people.verify, name, password)
        if person is None:
            raise NoSession("用户名或密码不对。")
        await self._store.drop(here)
        await self._store.drop(anywhere)
        token = secrets.token_urlsafe(32)
        await self._store.put(
            _login_name(token),
            json.dumps({"name": person.name, "generation": person.generation}),
            ttl_s=self._life_s,
        )
        return Login(self._skilled(person), token)

    async def logout(self, cookies: Mapping[str, str]) -> None:
        """End the login of this cookie, everywhere."""
        token = cookies.get(AGENT_COOKIE, "")
        self._seen.pop(_login_name(token), None)
        await self._store.drop(_login_name(token))

    async def person_of(self, cookies: Mapping[str, str]) -> Person | None:
        """The person logged in by this cookie, or None when there is none, it has ended, or they are suspended."""
        token = cookies.get(AGENT_COOKIE, "")
        if not token or len(token) > 128:
            return None
        name = _login_name(token)
        cached = self._seen.get(name)
        if cached and time.monotonic() - cached[1] < self.RECHECK_S:
            return self._skilled(cached[0])
        self._seen.pop(name, None)
        kept = await self._store.get(name)
        if kept is None:
            return None
        session = json.loads(kept)
        person = await asyncio.to_thread(self._people.get, session["name"])
        if person is None or person.suspended or person.generation != session["generation"]:
            await self._store.drop(name)
            return None
        await self._store.put(name, kept, ttl_s=self._life_s)
        if len(self._seen) > 20_000:
            self._seen.clear()
        self._seen[name] = (person, time.monotonic())
        return self._skilled(person)

    async def known(self, name: str) -> Person | None:
        """The person of this name as the settings in force have them, suspended or not."""
        person = await asyncio.to_thread(self._people.get, name)
        return self._skilled(person) if person is not None else None

    def forget(self, name: str) -> None:
        """Look a person's logins up again at once: they may have ended."""
        self._seen = {token: seen for token, seen in self._seen.items() if seen[0].name != name}

    async def require(self, cookies: Mapping[str, str], *roles: Role) -> Person:
        """The person logged in; raises NoSession without one and NotAllowed without any of `roles`."""
        person = await self.person_of(cookies)
        if person is None:
            raise NoSession
        if roles and not person.may(*roles):
            raise NotAllowed
        return person


def _throttle(name: str, address: str) -> str:
    return "login-tries:" + hashlib.sha256(f"{name}\n{address}".encode("utf-8", "replace")).hexdigest()[:32]


def _login_name(token: str) -> str:
    """Only the digest is kept: who reads the store cannot log in with what is there."""
    return "login:" + hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


async def may_read(desk: Desk, person: Person, conversation_id: str) -> bool:
    """Supervisors read everything; agents what waits in the queue and what is, or was, theirs."""
    if person.may(Role.SUPERVISOR):
        return True
    view = await desk.conversation(conversation_id)
    if view.case_state in ("waiting", "offered") or view.agent_id == person.name:
        return True
    return any(case.agent_id == person.name for case in await desk.cases_of(conversation_id))


async def may_read_case(desk: Desk, person: Person, case: Case) -> bool:
    """As `may_read`, for one case."""
    mine = person.name in (case.agent_id, case.offered_to)
    return mine or case.state is CaseState.WAITING or await may_read(desk, person, case.conversation_id)


class Origins:
    """Which pages may talk to the gateway with the browser's cookies."""

    def __init__(self, settings: Settings) -> None:
        self._public = {origin.rstrip("/").lower() for origin in settings.public_origins}
        self._loopback_only = is_loopback(settings.host)
        self._hosts = {urlsplit(origin).netloc.lower() for origin in self._public}

    def check(self, connection: HTTPConnection, *, required: bool) -> None:
        """Refuse a foreign page with NotAllowed.

        A socket must name its origin (`required`); a POST from a program need not, a browser always does.
        """
        origin = connection.headers.get("origin", "").rstrip("/").lower()
        if not origin:
            if required:
                raise NotAllowed("请求缺少来源（Origin）。")
            return
        if not self._allowed(origin, connection.headers.get("host", "").lower()):
            raise NotAllowed("这个页面不允许连接本服务。")

    def _allowed(self, origin: str, host: str) -> bool:
        if origin in self._public:
            return True
        parts = urlsplit(origin)
        if parts.netloc != host or parts.scheme not in ("http", "https"):
            return False
        # Bound to loopback, only loopback names are ours: any other name that resolves here is a rebound one.
        return not (self._loopback_only or self._public) or is_loopback(parts.hostname or "")


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine only."""
    if host in ("localhost", ""):
        return host == "localhost"
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def address_of(connection: HTTPConnection) -> str:
    """The network address to limit by; an IPv6 customer owns a /64, so that is the unit."""
    host = connection.client.host if connection.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host or "local"
    if address.version == 6 and not address.is_loopback:
        return ":".join(address.exploded.split(":")[:4])
    return host
