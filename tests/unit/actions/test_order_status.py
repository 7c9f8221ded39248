from __future__ import annotations

from typing import Any

import pytest
import yaml
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.guarded import ActionFailure
from actions.order_status import GIVEN_UP, WRONG, OrderStatus, ValidateOrderNumber
from actions.orders import DEMO, DemoOrders, Order
from bot.entity_values import is_order_number


def tracker(**slots: Any) -> Tracker:
    return Tracker("c#1", slots, {"text": "x"}, [], False, None, {"name": "order_status_form"}, "action_listen")


def slots_of(events: list[dict[str, Any]]) -> dict[str, Any]:
    return {event["name"]: event["value"] for event in events}


async def validate(**slots: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    dispatcher = CollectingDispatcher()
    events = await ValidateOrderNumber().run(dispatcher, tracker(**slots), {})
    return slots_of(events), dispatcher.messages


async def look_up(number: str | None, orders: Any = None) -> tuple[str, dict[str, Any]]:
    dispatcher = CollectingDispatcher()
    events = await OrderStatus(orders or DemoOrders()).run(dispatcher, tracker(order_number=number), {})
    return dispatcher.messages[0]["custom"]["jiehua"]["messages"][0]["text"], slots_of(events)


async def test_a_good_number_is_kept() -> None:
    slots, said = await validate(order_number="SG202611030017", order_tries=1)
    assert slots == {"order_number": "SG202611030017", "order_tries": None}
    assert said == []


@pytest.mark.parametrize(
    "number", ["SG2026110300", "202611030017", "sg202611030017", "SG20261103001７", "订单号", "SG2026110300171"]
)
async def test_a_bad_number_is_explained_and_counted(number: str) -> None:
    slots, said = await validate(order_number=number)
    assert slots == {"order_number": None, "order_tries": 1}
    assert said[0]["custom"]["jiehua"]["messages"][0]["text"] == WRONG


async def test_the_second_bad_number_ends_the_form() -> None:
    slots, said = await validate(order_number="123", order_tries=1)
    assert slots == {"order_number": None, "order_tries": None, "requested_slot": None}
    assert said == []


async def test_nothing_given_is_nothing_wrong() -> None:
    assert await validate(order_number=None) == ({}, [])


async def test_an_order_is_told_and_its_number_forgotten() -> None:
    text, slots = await look_up("SG202611030017")
    assert "杭州转运中心" in text
    assert "SF1408820077315" in text
    assert slots == {"order_number": None, "order_tries": None}


async def test_an_unknown_order_is_said_to_be_unknown() -> None:
    text, _ = await look_up("SG202601010001")
    assert "没有查到订单 SG202601010001" in text


async def test_without_a_number_it_gives_up_politely() -> None:
    text, _ = await look_up(None)
    assert text == GIVEN_UP


async def test_an_order_system_that_does_not_answer_is_a_failure() -> None:
    class Down:
        async def find(self, number: str) -> Order | None:
            raise ConnectionError

    with pytest.raises(ActionFailure, match="ConnectionError"):
        await look_up("SG202611030017", Down())


def test_an_order_holds_nothing_personal() -> None:
    assert set(Order.__dataclass_fields__) == {"number", "status", "updated", "carrier", "tracking"}


def test_the_numbers_of_the_demo_shop_have_the_form_that_is_asked_for() -> None:
    rows = yaml.safe_load(DEMO.read_text(encoding="utf-8"))["orders"]
    assert len(rows) >= 5
    assert all(is_order_number(row["number"]) for row in rows)
