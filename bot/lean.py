"""Rasa's fixed costs a turn, taken out at start. What each saves is in docs/subsystems/bot.md.

Rasa 3.6.21 is the last of its line and pinned, so what is replaced here does not move. Each replacement does the same
as what it replaces, for the cases that this bot has.
"""

from __future__ import annotations

from typing import Any

from rasa.core.actions.action import RemoteAction
from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import GraphNode, GraphSchema
from rasa.engine.runner.interface import GraphRunner


class PlainRunner(GraphRunner):
    """Runs the nodes of a loaded graph one after the other, in an order that is worked out once.

    Rasa's runner hands the graph to dask at every prediction, which finds the same order again and puts a queue and
    a future around each node.
    """

    def __init__(self, schema: GraphSchema, nodes: dict[str, GraphNode]) -> None:
        self._schema = schema
        self._nodes = nodes
        self._orders: dict[tuple[str, ...], list[tuple[str, list[str]]]] = {}

    @classmethod
    def create(cls, *args: Any, **kwargs: Any) -> PlainRunner:
        """Not used: it is made of a runner that Rasa has loaded."""
        raise NotImplementedError

    @classmethod
    def of(cls, runner: Any) -> PlainRunner:
        """The same graph and the same components as `runner`, a DaskGraphRunner."""
        return cls(runner._graph_schema, runner._instantiated_nodes)

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        """Outputs of the target nodes by name; raises what a node raises."""
        wanted = tuple(targets or self._schema.target_names)
        order = self._orders.get(wanted)
        if order is None:
            order = self._orders[wanted] = self._order(wanted, set(inputs or {}))
        outputs: dict[str, Any] = dict(inputs or {})
        for name, needs in order:
            missing = [need for need in needs if need not in outputs]
            if missing:
                raise GraphRunError(f"Node '{name}' needs '{missing[0]}', which nothing provides.")
            outputs[name] = self._nodes[name](*((need, outputs[need]) for need in needs))[1]
        return {name: outputs[name] for name in wanted}

    def _order(self, targets: tuple[str, ...], given: set[str]) -> list[tuple[str, list[str]]]:
        """The nodes that the targets need, each after those it needs itself."""
        order: list[tuple[str, list[str]]] = []
        seen: set[str] = set(given)

        def visit(name: str) -> None:
            if name in seen or name not in self._schema.nodes:
                return
            seen.add(name)
            needs = list(self._schema.nodes[name].needs.values())
            for need in needs:
                visit(need)
            order.append((name, needs))

        for target in targets:
            visit(target)
        return order


def make_lean(agent: Any) -> None:
    """Take the fixed costs out of a loaded agent and of this process."""
    agent.processor.graph_runner = PlainRunner.of(agent.processor.graph_runner)
    RemoteAction._validate_action_result = _well_formed  # type: ignore[method-assign]


def _well_formed(self: RemoteAction, result: Any) -> bool:
    """Whether an action's result has events and responses; raises ValueError otherwise.

    In place of a JSON schema that Rasa checks anew for each call, and itself each time as well.
    """
    for name, of in (("events", dict), ("responses", dict)):
        listed = result.get(name, []) if isinstance(result, dict) else None
        if not isinstance(listed, list) or not all(isinstance(item, of) for item in listed):
            raise ValueError(f"the action server's answer to {self.name()} has no list of {name}")
    return True
