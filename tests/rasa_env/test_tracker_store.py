# ruff: noqa: PT009, PT027 (these tests run on unittest alone)
from __future__ import annotations

import unittest

from rasa.shared.core.events import ActionExecuted, ActiveLoop, BotUttered, SlotSet, UserUttered

from bot.redis_client import StoreUnavailable, connect, key
from bot.tracker_store import KEPT_TURNS, LOADED_TURNS, RedisTrackers
from tests.rasa_env.support import answered, domain, fresh_sender, redis_url, said, uttered


class ATrackerStore(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.url = redis_url()
        self.store = RedisTrackers(domain(), url=self.url)
        self.sender = fresh_sender()

    async def turn(self, seq: int, text: str = "怎么退货", *events: object) -> None:
        tracker = await self.store.get_or_create_tracker(self.sender)
        for event in (
            said(text, seq),
            ActionExecuted("action_answer_faq"),
            answered("answer", "e1", ("这样退",)),
            *events,
        ):
            tracker.update(event)
        tracker.update(ActionExecuted("action_listen"))
        await self.store.save(tracker)

    async def test_an_unknown_session_is_none_and_nothing_is_written_for_it(self) -> None:
        self.assertIsNone(await self.store.retrieve(self.sender))
        await self.store.get_or_create_tracker(self.sender)
        self.assertIsNone(await self.store.retrieve(self.sender))

    async def test_what_was_said_comes_back_in_order(self) -> None:
        await self.turn(1, "第一问")
        await self.turn(3, "第二问")
        tracker = await self.store.retrieve(self.sender)
        self.assertEqual(["第一问", "第二问"], [e.text for e in tracker.events if isinstance(e, UserUttered)])
        bot = [e for e in tracker.events if isinstance(e, BotUttered)]
        self.assertEqual(["e1", "e1"], [e.data["custom"]["jiehua"]["entry_id"] for e in bot])
        self.assertEqual("action_listen", tracker.latest_action_name)

    async def test_saving_twice_appends_once(self) -> None:
        await self.turn(1)
        tracker = await self.store.retrieve(self.sender)
        tracker.update(said("又问", 3))
        await self.store.save(tracker)
        await self.store.save(tracker)
        self.assertEqual(2, connect(self.url).llen(key("turns", self.sender)))

    async def test_a_long_session_loads_only_its_last_turns(self) -> None:
        for seq in range(1, KEPT_TURNS + 20):
            await self.turn(seq, f"问题{seq}")
        tracker = await self.store.retrieve(self.sender)
        texts = [e.text for e in tracker.events if isinstance(e, UserUttered)]
        self.assertEqual([f"问题{seq}" for seq in range(KEPT_TURNS + 20 - LOADED_TURNS, KEPT_TURNS + 20)], texts)
        self.assertEqual(KEPT_TURNS, connect(self.url).llen(key("turns", self.sender)))

    async def test_slots_and_a_form_that_asks_come_back_however_long_ago_they_were_set(self) -> None:
        await self.turn(1, "查订单", SlotSet("order_tries", 1), ActiveLoop("order_status_form"))
        tracker = await self.store.retrieve(self.sender)
        tracker.update(SlotSet("requested_slot", "order_number"))
        tracker.update(said("嗯", 2))
        await self.store.save(tracker)
        for seq in range(3, LOADED_TURNS + 10):
            await self.turn(seq)
        tracker = await self.store.retrieve(self.sender)
        self.assertEqual(1, tracker.get_slot("order_tries"))
        self.assertEqual("order_status_form", tracker.active_loop_name)
        self.assertEqual("order_number", tracker.get_slot("requested_slot"))

    async def test_keys_of_a_session_lapse_by_themselves(self) -> None:
        await self.turn(1)
        redis = connect(self.url)
        for kind in ("turns", "state"):
            self.assertGreater(redis.ttl(key(kind, self.sender)), 0)

    async def test_without_redis_it_raises_instead_of_forgetting(self) -> None:
        lost = RedisTrackers(domain(), url="unix:///nowhere/redis.sock")
        with self.assertRaises(StoreUnavailable):
            await lost.retrieve(self.sender)
        tracker = lost.init_tracker(self.sender)
        tracker.update(said("你好", 1))
        with self.assertRaises(StoreUnavailable):
            await lost.save(tracker)

    async def test_the_finding_and_the_entities_of_old_turns_are_not_carried_along(self) -> None:
        tracker = await self.store.get_or_create_tracker(self.sender)
        tracker.update(said("我的手机13800138000", 1, entities=[{"entity": "phone", "value": "13800138000"}]))
        tracker.update(answered("miss", finding={"candidates": ["x" * 1000]}))
        tracker.update(uttered("utter_greet"))
        await self.store.save(tracker)
        stored = connect(self.url).lrange(key("turns", self.sender), 0, -1)[0]
        self.assertNotIn("xxx", stored)
        self.assertNotIn('"phone"', stored)


if __name__ == "__main__":
    unittest.main()
