"""The only public door: pages, live sockets, sessions and access, the turn worker and the channels.

The way of a message: `customer.py` → `handoff.desk.Desk.say` → `turns.py` → `rasa_client.py` → Rasa → back →
`Desk.finish_turn` (fenced by epoch) → `relay.py` → browser.
"""
