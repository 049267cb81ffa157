"""How a graph of uses hangs together: betweenness, articulation lemmas and cores.

Each function equals its namesake in networkx: a test holds this on random graphs.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import rustworkx as rx

from library_store.dependencies.uses import Floats, Graph, Ints, Uses

_BATCH = 64
"""How many sources of shortest paths are followed at a time."""


def betweenness(graph: Graph, samples: int, seed: int) -> dict[str, float]:
    """The share of shortest chains of uses that pass through each node (Brandes 2001), from sampled sources.

    The same sources, values and scale as `networkx.betweenness_centrality(graph, k=samples, seed=seed)`; with as many
    samples as nodes the value is exact.
    """
    uses = Uses.of(graph)
    size = len(uses)
    exact = samples >= size
    chosen = np.arange(size) if exact else np.array(random.Random(seed).sample(range(size), samples), np.int64)
    total = np.zeros(size)
    for start in range(0, len(chosen), _BATCH):
        total += _passing(uses, chosen[start : start + _BATCH])
    if size > 2:
        scale = np.full(size, 1 / ((size - 1 if exact else samples) * (size - 2)))
        if not exact:
            scale[chosen] = 1 / ((samples - 1) * (size - 2)) if samples > 1 else np.nan
        total = total * scale
    return dict(zip(uses.nodes, total.tolist(), strict=True))


def _passing(uses: Uses, sources: Ints) -> Floats:
    """The sum over some sources of each node's dependency, by breadth-first search from all of them side by side."""
    size = len(uses)
    distance = np.full(len(sources) * size, -1, np.int16)
    paths = np.zeros(len(sources) * size)  # entry (source, node): how many shortest paths lead there
    frontier = np.arange(len(sources)) * size + sources
    distance[frontier], paths[frontier] = 0, 1
    taken: list[tuple[Ints, Ints]] = []
    while len(frontier):
        origins, ends = uses.downward.expand(frontier % size)
        before = frontier[origins]
        after = before - before % size + ends
        fresh = distance[after] == -1
        before, after = before[fresh], after[fresh]
        frontier = np.unique(after)
        distance[frontier] = len(taken) + 1
        np.add.at(paths, after, paths[before])
        taken.append((before, after))
    depends = np.zeros(len(sources) * size)
    for before, after in reversed(taken):
        np.add.at(depends, before, paths[before] / paths[after] * (1 + depends[after]))
    depends[np.arange(len(sources)) * size + sources] = 0
    return depends.reshape(len(sources), size).sum(axis=0)


def _undirected(uses: Uses) -> rx.PyGraph[None, None]:
    plain: rx.PyGraph[None, None] = rx.PyGraph(multigraph=False)
    plain.add_nodes_from([None] * len(uses))
    apart = uses.users != uses.used
    plain.extend_from_edge_list(list(zip(uses.users[apart].tolist(), uses.used[apart].tolist(), strict=True)))
    return plain


def articulation(graph: Graph) -> list[str]:
    """The nodes without which a part of the library falls apart, in alphabetical order."""
    uses = Uses.of(graph)
    return sorted(uses.nodes[number] for number in rx.articulation_points(_undirected(uses)))


def cores(graph: Graph) -> dict[str, int]:
    """The core number of each node: the largest k such that it is in a part where all have k neighbours or more."""
    uses = Uses.of(graph)
    numbers: Any = rx.core_number(_undirected(uses))  # number of the node → its core
    return {node: numbers[number] for number, node in enumerate(uses.nodes)}
