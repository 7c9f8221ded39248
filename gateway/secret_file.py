"""The secrets of one installation, generated on first use and kept in the data folder, readable by its owner only."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

NAME = "secrets.json"


@dataclass(frozen=True)
class Secrets:
    """`cookie_key` signs cookies, socket ids and ticket links; `bot_secret` opens the bot's private channel.

    `site_secret` is shared with the embedding site, whose server signs who its customers are.
    """

    cookie_key: str
    bot_secret: str
    site_secret: str


class SecretsError(RuntimeError):
    """The secrets file cannot be used: {path}: {why and what to do}."""


def load_secrets(data: Path) -> Secrets:
    """Read `secrets.json` in the data folder, creating it (mode 0600) when there is none.

    Two processes that start at once get the same secrets: the file appears complete or not at all, and the first
    one wins.
    """
    path = data / NAME
    try:
        if not path.exists():
            _create(path)
        document = json.loads(path.read_text("utf-8"))
        cookie_key = document["cookie_key"]
        # A file of before there was one: derived, so that every process has the same without writing anything.
        site_secret = document.get("site_secret") or _derived(cookie_key, "site secret")
        found = Secrets(cookie_key=cookie_key, bot_secret=document["bot_secret"], site_secret=site_secret)
    except OSError as error:
        raise SecretsError(f"{path}: {error.strerror}; the data folder must be writable") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SecretsError(f"{path}: not a secrets file; move it away and new secrets are generated") from error
    if min(len(found.cookie_key), len(found.bot_secret), len(found.site_secret)) < 32:
        raise SecretsError(f"{path}: a secret is too short; move the file away and new secrets are generated")
    return found


def _derived(key: str, purpose: str) -> str:
    return hmac.new(key.encode(), f"jiehua {purpose}".encode(), hashlib.sha256).hexdigest()


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = Secrets(*(secrets.token_urlsafe(48) for _ in range(3)))
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{NAME}.")  # mkstemp gives mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(made), file)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)  # fails when another process was first; its secrets count
        except FileExistsError:
            pass
        except OSError:
            os.replace(temporary, path)  # a file system without hard links
    finally:
        Path(temporary).unlink(missing_ok=True)
