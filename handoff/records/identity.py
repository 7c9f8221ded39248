"""Who a customer is on their own site, proven by the site's signature; and codes that move a thread. Pure.

signature = hex(HMAC-SHA256(secret, "jiehua-v1\\n" + issued_at + "\\n" + external_id + "\\n" + name))
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from handoff.records.tickets import ALPHABET

CODE_LETTERS = 8
MAX_EXTERNAL_ID = 128
MAX_NAME = 64
FUTURE_S = 60  # how far ahead of ours a site's clock may be
_LINE_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")


class IdentityError(ValueError):
    """A site's statement cannot be believed: {what is wrong, in Chinese, for the site's developers}."""


class IdentityExpired(IdentityError):
    """A statement that was good and is too old: {what is wrong, in Chinese, for the site's developers}."""


@dataclass(frozen=True)
class Identity:
    """A site's statement that its customer is `external_id`, made at `issued_at` (seconds since 1970)."""

    external_id: str
    issued_at: int
    signature: str
    name: str = ""


def sign(secret: str, external_id: str, issued_at: int, name: str = "") -> str:
    """The signature, as the site's server makes it."""
    message = f"jiehua-v1\n{issued_at}\n{external_id}\n{name}".encode("utf-8", "surrogatepass")
    return hmac.new(secret.encode("utf-8"), message, hashlib.sha256).hexdigest()


def verify(secret: str, identity: Identity, *, now_s: int, life_s: int) -> None:
    """Raises IdentityError unless the statement is well formed and ours, IdentityExpired when it is too old."""
    if not 1 <= len(identity.external_id) <= MAX_EXTERNAL_ID or _LINE_BREAKS.search(identity.external_id):
        raise IdentityError(f"external_id 应为 1 到 {MAX_EXTERNAL_ID} 个字符，不含控制字符。")
    if len(identity.name) > MAX_NAME or _LINE_BREAKS.search(identity.name):
        raise IdentityError(f"name 最多 {MAX_NAME} 个字符，不含控制字符。")
    expected = sign(secret, identity.external_id, identity.issued_at, identity.name)
    # Compared as bytes: a signature with other than ASCII characters is wrong, not an error.
    if not hmac.compare_digest(expected.encode(), identity.signature.encode("utf-8", "surrogatepass")):
        raise IdentityError("签名不对：请检查密钥，以及签名的内容和次序。")
    if identity.issued_at > now_s + FUTURE_S:
        raise IdentityError("签名的时间在将来：请校准网站服务器的时钟（issued_at 以秒计）。")
    if identity.issued_at < now_s - life_s:
        raise IdentityExpired("签名已过期：请在每次打开页面时重新签名（issued_at 以秒计）。")


def mint_code() -> str:
    """A code that is short enough to be typed and long enough not to be guessed (about 39 bits)."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LETTERS))


def read_code(typed: str) -> str:
    """The code as it was minted: without spaces and dashes, in capitals. "" for what can be none."""
    code = re.sub(r"[\s\-]", "", typed).upper()
    return code if len(code) == CODE_LETTERS and all(letter in ALPHABET for letter in code) else ""
