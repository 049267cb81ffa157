"""How many actors fit a cluster, and what they declare. That Ray keeps to it is seen by `bench/hosts.py`."""

from __future__ import annotations

import pytest

from actors.placement import Node, fitting, needing

GIB = 2**30


@pytest.mark.parametrize(
    ("nodes", "count"),
    [
        ([Node("one", 8.0, 16 * GIB)], 4),
        ([Node("one", 2.0, 64 * GIB)], 2),
        ([Node("head", 0.0, 64 * GIB), Node("small", 4.0, 5 * GIB), Node("large", 64.0, 64 * GIB)], 17),
        ([Node("unlimited", 3.0, float("inf"))], 3),
        ([Node("too small", 2.0, GIB)], 1),
        ([], 1),
    ],
)
def test_as_many_fit_as_each_node_has_cores_and_memory_for(nodes: list[Node], count: int) -> None:
    assert fitting(nodes, 4 * GIB) == count


def test_only_in_a_cluster_that_was_there_cores_and_memory_are_declared() -> None:
    assert needing(GIB, local=True) == {"num_cpus": 0, "scheduling_strategy": "SPREAD"}
    assert needing(GIB, local=False) == {"num_cpus": 1.0, "memory": GIB, "scheduling_strategy": "SPREAD"}
