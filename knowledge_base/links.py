"""Links and images of an answer: whether they can work as written and, on request, whether they do."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".avif")
TIMEOUT_S = 8.0
_AT_ONCE = 8
_LINK = re.compile(r"(!?)\[[^\]\n]*\]\(\s*<?([^)>\n]*?)>?\s*(?:\"[^\"\n]*\"\s*)?(\)|(?=\n)|$)")
_HOST = re.compile(r"(?:[\w-]+\.)+[\w-]{2,}|localhost|\[[0-9a-f:]+\]", re.IGNORECASE)
_WIDE = re.compile(r"[\u3000-\u303f\uff00-\uffef]")


@dataclass(frozen=True)
class Link:
    """Where a link or an image (`image`) of an answer leads; `open`: its bracket is never closed."""

    target: str
    image: bool = False
    open: bool = False

    @property
    def online(self) -> bool:
        """Whether it can be looked up."""
        return self.target.startswith(("http://", "https://")) and self.fault is None

    @property
    def fault(self) -> tuple[str, str] | None:
        """What keeps it from working as it is written, and how to mend it; None where nothing does."""
        kind = "图片" if self.image else "链接"
        shown = f"{kind}「{self.target[:40]}」"
        if self.open:
            return f"{shown}缺少右括号", "写成 [文字](地址)"
        if not self.target:
            return f"{kind}没有地址", "补上 https:// 开头的地址，或删去这个链接"
        if any(c.isspace() for c in self.target):
            return f"{shown}里有空格", "删去空格，或写成 %20"
        if _WIDE.search(self.target):
            return f"{shown}里有全角符号", "冒号、斜杠和句号用半角；句末的标点写到括号外面"
        return self._address_fault(shown)

    def _address_fault(self, shown: str) -> tuple[str, str] | None:
        try:
            parts = urlsplit(self.target)
            host = parts.hostname or ""
        except ValueError:
            return f"{shown}不是正确的地址", "写完整的 https:// 地址"
        if parts.scheme in ("http", "https"):
            return None if _HOST.fullmatch(host) else (f"{shown}打不开：没有域名", "写完整的 https:// 地址")
        if parts.scheme == "tel" and not self.image:
            digits = re.fullmatch(r"[+\d][\d-]{2,}", parts.path)
            return None if digits else (f"{shown}不是电话号码", "写成 tel:400-000-0000")
        if parts.scheme == "mailto" and not self.image:
            return None if "@" in parts.path else (f"{shown}不是邮箱", "写成 mailto:名字@域名")
        if parts.scheme:
            return f"{shown}打不开：{parts.scheme}: 不是网页地址", "写完整的 https:// 地址"
        if not self.image:
            return None
        if ".." in parts.path.split("/") or "\\" in self.target:
            return f"{shown}的路径不能用 .. 或反斜杠", "放到网站的图片目录，写 img/名字.png"
        if not parts.path.lower().endswith(IMAGE_SUFFIXES):
            return f"{shown}看不出是图片", "文件名以 " + "、".join(IMAGE_SUFFIXES) + " 结尾"
        return None


def links_of(answer: str, images: Iterable[str] = ()) -> list[Link]:
    """The links and images of an answer's Markdown, and its entry's `images`, in order."""
    found = [Link(match[2].strip(), bool(match[1]), not match[3]) for match in _LINK.finditer(answer)]
    return found + [Link(image, image=True) for image in images]


def probe(targets: Iterable[str], ask: Callable[[str], int] | None = None) -> dict[str, str]:
    """Look up addresses and say, in Chinese, why some do not open; those that open are left out.

    `ask` gives an address's HTTP status or raises OSError; by default over the network.
    """
    unique = sorted(set(targets))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        said = pool.map(lambda target: _opened(target, ask or _status), unique)
    return {target: why for target, why in zip(unique, said) if why}


def _opened(target: str, ask: Callable[[str], int]) -> str:
    try:
        status = ask(target)
    except (OSError, ValueError) as error:
        return f"连不上（{getattr(error, 'reason', None) or error}）"
    return f"返回 {status}" if status >= 400 else ""


def _status(target: str) -> int:
    """The status of a HEAD request, or of a GET where the server does not know HEAD."""
    status = 0
    for method in ("HEAD", "GET"):
        request = urllib.request.Request(target, method=method, headers={"User-Agent": "jiehua-kb-check"})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - only http(s) gets here
                return int(answer.status)
        except urllib.error.HTTPError as error:
            status = error.code
            if status not in (400, 403, 405, 501):
                break
    return status
