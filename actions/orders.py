"""Where orders are looked up: a small port, and the demo shop behind it.

A shop puts its own system behind `Orders`; the bot needs nothing else of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import yaml

DEMO = Path(__file__).with_name("demo_orders.yml")


@dataclass(frozen=True)
class Order:
    """What may be told to whoever knows the order's number: no name, no address, no phone.

    `status` is one sentence for the customer; `carrier` and `tracking` are empty until the parcel is on its way;
    `updated` is the local time of the last change, as the shop's system writes it.
    """

    number: str
    status: str
    updated: str
    carrier: str = ""
    tracking: str = ""


class Orders(Protocol):
    """The shop's order system."""

    async def find(self, number: str) -> Order | None:
        """The order, or None when there is none of that number; raises when the system does not answer."""


class DemoOrders:
    """Orders of the demo shop, read once from a YAML file."""

    def __init__(self, path: Path = DEMO) -> None:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        self._orders = {row["number"]: Order(**row) for row in document["orders"]}

    async def find(self, number: str) -> Order | None:
        """The order of that number."""
        return self._orders.get(number)
