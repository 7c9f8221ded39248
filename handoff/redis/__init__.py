"""The engine over Redis: `keys` draws the keyspace, `scripts/` holds one Lua file a verb, `backend` calls them."""
