"""Editors at the knowledge pages, and a scorer in the test's own process: its own code over a small encoder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from gateway.people import Role
from gateway.scorer import Scorer
from tests.integration.gateway.harness import RunningGateway
from tests.unit.knowledge_base.conftest import BagOfPairs

REFUND = "- id: refund  # 别改编号\n  question: 退款多久到账\n  variants: [钱什么时候退, 退的钱几天到]\n"
REFUND += "  answer: 三个工作日内。\n  category: 售后\n  updated: 2026-11-01\n"
RETURN = (
    "- {id: return, question: 怎么申请退货, answer: 点申请售后。, variants: [我想退货, 东西不要了], category: 售后}"
)
RETURN += "\n"
GOLDEN = '{"text": "退款多久到账", "gold": ["refund"]}\n{"text": "怎么申请退货", "gold": ["return"]}\n'


class InProcess:
    """The scorer without a process of its own, over a small encoder."""

    def __init__(self, faq: Path) -> None:
        self._scorer = Scorer(faq, BagOfPairs(), None)
        self.asked = 0

    async def ask(self, what: str, *, progress: Any = None, **fields: Any) -> dict[str, Any]:
        self.asked += 1
        tell = progress and (lambda step, done, total: progress({"step": step, "done": done, "total": total}))
        return self._scorer.answer({"what": what, **fields}, tell)

    async def close(self) -> None:
        """Nothing to end."""


@dataclass
class Editor:
    """Somebody at the knowledge pages."""

    browser: aiohttp.ClientSession
    url: str

    async def get(self, path: str, status: int = 200) -> Any:
        async with self.browser.get(f"/api/knowledge/{path}") as response:
            assert response.status == status, await response.text()
            return await response.json()

    async def post(self, path: str, document: Any, status: int = 200) -> Any:
        headers = {"Origin": self.url}
        async with self.browser.post(f"/api/knowledge/{path}", json=document, headers=headers) as response:
            assert response.status == status, await response.text()
            return await response.json()

    async def draft(self, entry_id: str, **change: Any) -> dict[str, Any]:
        """A draft of an entry as it is now, with some fields changed."""
        entry = await self.get(f"entry?id={entry_id}")
        document = {
            "key": entry_id,
            "entry_id": entry_id,
            "made_from": entry["version"],
            "form": {**entry["form"], **change},
            "number": entry["draft"]["number"] if entry["draft"] else 0,
        }
        return await self.post("drafts", document)

    async def publish(self, *drafts: dict[str, Any], status: int = 200, reason: str = "") -> Any:
        wanted = {draft["key"]: draft["number"] for draft in drafts}
        return await self.post("publish", {"drafts": wanted, "reason": reason}, status)


async def log_in(shop: RunningGateway, name: str, *roles: Role) -> Editor:
    shop.people.add(name, password=f"password-{name}", roles=roles)
    browser = shop.browser()
    async with browser.post("/api/agent/login", json={"name": name, "password": f"password-{name}"}) as response:
        assert response.status == 200
    return Editor(browser, shop.url)
