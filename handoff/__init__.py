"""The handoff engine: who owns a conversation, who waits for a person, and who is there to answer.

`lifecycle`, `triggers`, `routing` and `brief` are pure; `ports` names what a backend must do; `memory` and `redis/`
do it; `desk` is what the other rooms call. `archive/` keeps what has been, `report` counts it.
"""
