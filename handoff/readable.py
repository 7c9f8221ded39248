"""What of a customer's message can be read out to a person: their sentence without markup, code and noise. Pure.

A message with no sign of markup is left exactly as it was written.
"""

from __future__ import annotations

import re

# Signs that somebody pasted markup or code: only then is anything taken away.
_SIGNS = re.compile(
    r"<[/!A-Za-z]|\]\(|&#?\w{2,8};|\{\{|\$\{|\b(?:java|vb)script\s*:|\bdata:\w+/|\bon[a-z]{3,16}\s*=", re.IGNORECASE
)
_LINK = re.compile(r"!?\[([^\]]*)\]\((?:[^()]|\([^()]*\))*\)?")
_NOISE = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(script|style|svg|math|iframe|template|object)\b.*?(?:</\1\s*>|\Z)"
    r"|</?[A-Za-z!][^<>]*(?:>|\Z)"  # a tag, also one that is never closed
    r"|(?<![\w>])/?[A-Za-z]\w{0,15}>"  # the end of one whose beginning is gone
    r"|&#?\w{2,8};"
    r"|\{\{.*?\}\}|\$\{[^}]*\}"
    r"|\b(?:java|vb)script\s*:\S*|\bdata:\w+/\S*"
    r"|\bon[a-z]{3,16}\s*=\s*\S*"
    r"|\b[A-Za-z_$][\w$.]*\([^()]*\)",  # a call such as alert(1)
    re.IGNORECASE | re.DOTALL,
)
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")
_STRAY = re.compile(r"[<>{}\[\]()\\`\"'=;|^~/*_]{2,}|(?:^|\s)[<>{}\[\]()\\`\"'=;|^~/*_](?=\s|$)")
_SPACES = re.compile(r"\s+")
LEAST_LETTERS = 2


def readable(text: str) -> str:
    """The text as a person can read it out; "" where nothing is left of it."""
    if not _SIGNS.search(text):
        return text
    shown = _INVISIBLE.sub(" ", text)
    shown = _LINK.sub(r"\1 ", shown)
    # What was hidden in something that is gone now, such as <<b>script>, comes to light and goes too.
    for _ in range(4):
        before, shown = shown, _NOISE.sub(" ", shown)
        if shown == before:
            break
    shown = _SPACES.sub(" ", _STRAY.sub(" ", shown)).strip(" -:：,，.")
    return shown if sum(letter.isalnum() for letter in shown) >= LEAST_LETTERS and not _SIGNS.search(shown) else ""
