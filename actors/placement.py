"""Where the actors of a run stand: how many fit, what each declares to Ray, and on which node it came to be.

A cluster of a run's own is its machine, and the settings say how it is used: nothing is declared there. In a cluster
that was there, whatever needs cores and memory says so. Ray then starts no more on a node than fits, and its autoscaler
sees what is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

SPREAD: Mapping[str, Any] = {"scheduling_strategy": "SPREAD"}
"""Options of actors that go to the node which has least to do."""


class Node(NamedTuple):
    """A node that lives, with all that it offers."""

    name: str
    """What `ray start --node-name` said, by default its address."""
    cores: float
    memory: float
    """Bytes that Ray may give away; unlimited where it was started without any."""


def nodes() -> dict[str, Node]:
    """The nodes of the cluster that live, by id."""
    return {
        one["NodeID"]: Node(
            one["NodeName"], one["Resources"].get("CPU", 0.0), one["Resources"].get("memory", float("inf"))
        )
        for one in ray.nodes()
        if one["Alive"]
    }


def fitting(there: Sequence[Node], memory: int) -> int:
    """How many actors of one core and so many bytes of memory fit on nodes; at least one is tried."""
    return max(1, sum(int(min(node.cores, node.memory // memory)) for node in there))


def needing(memory: int, *, local: bool) -> dict[str, Any]:
    """Options of actors that need a core and so many bytes each, spread over the nodes."""
    return {**SPREAD, "num_cpus": 0} if local else {**SPREAD, "num_cpus": 1, "memory": memory}


def here(*, local: bool) -> dict[str, Any]:
    """Options of an actor that stays on the node of this process, whose files it reads and writes."""
    mine = ray.get_runtime_context().get_node_id()
    if local or mine not in nodes():  # as a client of a cluster (`ray://`) this process is on none of its nodes
        return {"num_cpus": 0}
    return {"num_cpus": 0, "scheduling_strategy": NodeAffinitySchedulingStrategy(mine, soft=False)}


def standing(actors: Sequence[Any], seconds: float) -> tuple[dict[str, int], int]:
    """How many of the actors stand on each node, by its name, and how many have not started within so many seconds."""
    asked = [actor.__ray_call__.remote(_node) for actor in actors]
    started, waiting = ray.wait(asked, num_returns=len(asked), timeout=seconds)
    known = nodes()
    found = Counter(known[node].name if node in known else node for node in ray.get(started))
    return dict(sorted(found.items())), len(waiting)


def _node(_: Any) -> str:
    return ray.get_runtime_context().get_node_id()
