"""What the stories of the console begin with."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.pages import AgentConsole, CustomerPage
from tests.e2e.scripted import ORDER

OpenCustomer = Callable[..., CustomerPage]
LogIn = Callable[..., AgentConsole]

ANGRY = f"太气人了，我的订单 {ORDER} 三天没动静"


def served(customer: OpenCustomer, agent: LogIn, *, role: str = "agent") -> tuple[CustomerPage, AgentConsole]:
    """An angry customer in the hands of an agent."""
    page = customer()
    page.ask("退款多久到账").get_by_role("button", name="没用").click()
    page.ask(ANGRY)
    console = agent(role=role)
    console.ready()
    console.accept()
    return page, console
