"""The order-status form: check the number, look the order up."""

from __future__ import annotations

import re

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.guarded import Events, GuardedAction
from actions.orders import Order, Orders
from actions.said import TO_A_PERSON, say
from contracts.turn import BotMessage

_NUMBER = re.compile(r"SG[0-9]{12}")
#: After this many numbers that are none, asking on would only annoy.
TRIES = 2

WRONG = "这个号码不像完整的订单号，可能少了或多了几位。"
GIVEN_UP = "暂时没能核对到订单号，先不查了。您也可以在“我的订单”里直接看物流，或者转人工客服帮您查。"
NOT_FOUND = "没有查到订单 {number}。麻烦核对一下号码，刚下的单可能要过几分钟才查得到。"


class ValidateOrderNumber(GuardedAction):
    """Rasa action `validate_order_status_form`: called whenever the form has filled its slot."""

    def name(self) -> str:
        """The action's name in domain.yml."""
        return "validate_order_status_form"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Keep a good number; explain a bad one once, then end the form."""
        given = tracker.get_slot("order_number")
        if given is None:
            return []
        if _NUMBER.fullmatch(str(given)):
            return [SlotSet("order_number", given), SlotSet("order_tries", None)]
        tries = int(tracker.get_slot("order_tries") or 0) + 1
        if tries >= TRIES:
            # Without a requested slot the form ends, and `action_order_status` finds no number.
            return [SlotSet("order_number", None), SlotSet("order_tries", None), SlotSet("requested_slot", None)]
        say(dispatcher, [BotMessage(WRONG)], outcome="form")
        return [SlotSet("order_number", None), SlotSet("order_tries", tries)]


class OrderStatus(GuardedAction):
    """Rasa action `action_order_status`: says how the order stands and forgets its number."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    def name(self) -> str:
        """The action's name in domain.yml."""
        return "action_order_status"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Look the order up."""
        number = tracker.get_slot("order_number")
        if number is None:
            message = BotMessage(GIVEN_UP, buttons=(TO_A_PERSON,))
        else:
            order = await self._orders.find(str(number))
            message = BotMessage(described(order)) if order else BotMessage(NOT_FOUND.format(number=number))
        say(dispatcher, [message], outcome="form")
        return [SlotSet("order_number", None), SlotSet("order_tries", None)]


def described(order: Order) -> str:
    """One order in words."""
    text = f"订单 {order.number}：{order.status}"
    if order.carrier and order.tracking:
        text += f"\n快递：{order.carrier}，单号 {order.tracking}。"
    return f"{text}\n更新时间：{order.updated}。"
