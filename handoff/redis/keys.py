"""The keyspace, drawn in one place. All keys of a tenant share one hash tag, so they live in one Cluster slot.

    jh:{tenant}                        root; KEYS[1] of every script, which derives the others as below
    ├── :conv:ID      hash             owner, epoch, bot_session, seq, case_id, agent_id, outcome, owed_ms, owed_first,
    │                                  owed_stage (of its clock), last_text, last_author, last_agent and last_agent_ms
    │                                  (who served them last), inflight (entry of :turns that stands for it), attempts
    ├── :profile:ID   hash             field → JSON value
    ├── :log:ID       stream           the log; entry id SEQ-0, so XRANGE pages by sequence number
    ├── :queue:ID     list             turns not yet finished, oldest first: "SEQ EPOCH BOT_SESSION"
    ├── :history:ID   list             case ids of the conversation, oldest first
    ├── :idem:ID:KEY  string, expires  what an idempotent call answered the first time
    ├── :done:ID:SEQ  string, expires  how a turn was finished: "ATTEMPT FIRST LAST ACCEPTED CASE"
    ├── :turns        stream           one entry for each conversation whose next turn may run; group `workers`
    ├── :case:ID      hash             see model.Case
    ├── :line:GROUP   sorted set       everybody who waits for an agent to take them, by their place: gives the position
    ├── :waiting:GROUP sorted set      those of the line who are not offered just now
    ├── :offers       sorted set       offered cases by deadline
    ├── :active       sorted set       cases with an agent, by when they were accepted
    ├── :messages     sorted set       messages left and not yet answered, by when they were left
    ├── :overflow     sorted set       cases of a line by when the rules of overflow are to be looked at next
    ├── :clocks       sorted set       answer:CASE and resolution:CASE, by when the clock is to be looked at next
    ├── :late         sorted set       those of them past their deadline, by it
    ├── :busy:GROUP   set              open cases of a group that agents hold
    ├── :handled:GROUP list            how long the last 50 cases took, in ms, latest first
    ├── :waited:GROUP list             how long the last 100 waited for their first agent: "MS", or "MS left"
    ├── :agent:ID     hash             display, groups, levels (in the same order), cap, status, heard_ms, idle_ms,
    │                                  missed, away, gone
    ├── :held:ID      set              cases in an agent's load
    ├── :agents       set              every agent ever online
    ├── :presence     sorted set       agents not given up, by when they were last heard
    ├── :ready:LEVEL:GROUP sorted set  agents who are ready and there, by idle since; one a level
    ├── :free:LEVEL:GROUP sorted set   those of them who have a free place
    ├── :swept        hash             last_ms, since_ms: when the sweep last came, and since when without a long pause;
    │                                  ended_ms, hold_ms: its last pause, see outage.Pause
    ├── :groups       set              groups that ever had a case
    ├── :record:KIND:ID hash           a customer, ticket, departure or setting: rev, document (JSON)
    ├── :remarks:KIND:ID list          its history, oldest first (JSON)
    ├── :list:NAME    sorted set       record ids by place; the lists are named in records/change.py
    ├── :unique:NAME  string           the id of the record that a name leads to
    ├── :wishes:ID    hash             number of a question → "AT_MS QUESTION": what its customer wants to be told
    ├── :wishing      sorted set       conversations with such wishes, by when the last was made
    ├── :told:ID      set              numbers of the questions that were told
    ├── :departed     set              agents who have left for good
    ├── :outbox       stream           every change in full, until the archive has it; group `archive`. An item is
    │                                  kind (entry, case, conversation, remark, or that of a record),
    │                                  conversation, data (JSON)
    └── :events       channel          DeskEvents as JSON

A script derives its keys from KEYS[1] because some (the groups of an agent, the cases of a lost one) are known only
inside it; they are all in the slot of KEYS[1], which is what Cluster asks for. No operation reads more than it names:
each costs O(log n) in the number of waiting cases and of agents.
"""

from __future__ import annotations

WORKERS = "workers"
ARCHIVE = "archive"


class Keys:
    """Key names of one tenant, for the few commands that Python sends itself."""

    def __init__(self, tenant: str) -> None:
        if not tenant or any(char in tenant for char in "{} \n"):
            raise ValueError("tenant: a name without braces or white space")
        self.root = f"jh:{{{tenant}}}"
        self.turns = f"{self.root}:turns"
        self.events = f"{self.root}:events"
        self.outbox = f"{self.root}:outbox"
        self.departed = f"{self.root}:departed"

    def unique(self, name: str) -> str:
        """What a name leads to."""
        return f"{self.root}:unique:{name}"

    def remarks(self, kind: str, record_id: str) -> str:
        """The history of one record."""
        return f"{self.root}:remarks:{kind}:{record_id}"

    def log(self, conversation_id: str) -> str:
        """The log stream of one conversation."""
        return f"{self.root}:log:{conversation_id}"
