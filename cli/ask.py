"""`jiehua ask`: one turn through the running stack, over the same webhook any Rasa client uses."""

from __future__ import annotations

from typing import Any

import aiohttp

from cli.problem import Problem

TIMEOUT_SECONDS = 20.0


async def ask_once(url: str, text: str, *, sender: str) -> list[dict[str, Any]]:
    """Send one message; returns the replies in the shape of Rasa's REST channel. Raises Problem for a refusal."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.post(f"{url}/webhooks/rest/webhook", json={"sender": sender, "message": text}) as response,
    ):
        if response.status != 200:
            body = await response.text()
            raise Problem(f"网关回答 {response.status}:{body[:200]}", status=1)
        replies: list[dict[str, Any]] = await response.json()
        return replies


def as_lines(replies: list[dict[str, Any]]) -> list[str]:
    """The replies as a person reads them on a terminal: text, then its choices."""
    lines = []
    for reply in replies:
        if reply.get("text"):
            lines.append(str(reply["text"]))
        lines += [f"  [{i}] {button['title']}" for i, button in enumerate(reply.get("buttons") or [], 1)]
        if reply.get("image"):
            lines.append(f"  图片 {reply['image']}")
    return lines
