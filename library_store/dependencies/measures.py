"""What is measured of every node of a graph of uses: degrees, PageRank, components, depth, and the longest chain.

An edge leads from a user to what it uses, and distinct pairs of nodes count, not parallel edges. Each function equals
its namesake in networkx: a test holds this on random graphs.
"""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import networkx as nx
import numpy as np

from library_store.dependencies.uses import Floats, Graph, Ints, Uses

TOP = 20
"""How many entries the top lists of a summary have."""

DAMPING = 0.85


class Measures(NamedTuple):
    """What is measured of one node."""

    in_degree: int
    """How many use it."""
    out_degree: int
    """How many it uses."""
    pagerank: float
    component: int
    """Number of its weakly connected component, the largest being 0."""
    depth: int
    """Length of the longest chain of uses below it, in edges; the members of a cycle are one link of a chain."""


def dependencies(graph: nx.MultiDiGraph[str], kind: str = "proof_uses") -> nx.DiGraph[str]:
    """The simple graph of one kind of edge; for `proof_uses` with every lemma and problem, used or not."""
    simple: nx.DiGraph[str] = nx.DiGraph()
    if kind == "proof_uses":
        simple.add_nodes_from(
            (n, data) for n, data in graph.nodes(data=True) if data.get("kind") in ("lemma", "problem")
        )
    for source, target, data in graph.edges(data=True):
        if data["kind"] == kind:
            simple.add_node(source, **graph.nodes[source])
            simple.add_node(target, **graph.nodes[target])
            simple.add_edge(source, target)
    return simple


def pagerank(graph: Graph) -> dict[str, float]:
    """PageRank with damping 0.85 (Brin and Page 1998), in which a node passes its rank on to what it uses.

    A node that uses nothing passes its rank to all nodes alike; the ranks add up to 1.
    """
    uses = Uses.of(graph)
    return dict(zip(uses.nodes, ranks(uses).tolist(), strict=True))


def ranks(uses: Uses) -> Floats:
    """PageRank by node number, iterated until the ranks together move by less than 1e-12."""
    size = len(uses)
    if not size:
        return np.zeros(0)
    degree = uses.downward.degrees
    share = np.divide(1.0, degree, out=np.zeros(size), where=degree > 0)
    inward = uses.matrix.T.tocsr()
    rank = np.full(size, 1 / size)
    for _ in range(500):
        idle = rank[degree == 0].sum()
        fresh = DAMPING * (inward @ (rank * share) + idle / size) + (1 - DAMPING) / size
        moved = np.abs(fresh - rank).sum()
        rank = fresh
        if moved < 1e-12:
            break
    return rank


def levels(uses: Uses) -> Ints:
    """The depth of each node of an acyclic graph: what uses nothing has 0, a user one more than its deepest."""
    left = uses.downward.degrees.copy()
    depth = np.zeros(len(uses), np.int64)
    frontier = np.flatnonzero(left == 0)
    level = 0
    while len(frontier):
        depth[frontier] = level
        met, times = np.unique(uses.upward.expand(frontier).ends, return_counts=True)
        left[met] -= times
        frontier = met[left[met] == 0]
        level += 1
    return depth


def longest_path(graph: Graph) -> list[str]:
    """A longest chain of uses, user first; a cycle counts as one node and appears by its least member.

    Of several longest chains it is the first in alphabetical order.
    """
    links = Uses.of(graph).condensed
    if not links.nodes:
        return []
    depth, order = levels(links), links.name_order
    here = min(np.flatnonzero(depth == depth.max()), key=order.__getitem__)
    path = [links.nodes[here]]
    while depth[here]:
        below = links.downward[int(here)]
        here = min(below[depth[below] == depth[here] - 1], key=order.__getitem__)
        path.append(links.nodes[here])
    return path


def components(uses: Uses) -> Ints:
    """The weakly connected component of each node, numbered from the largest; of equals, by the least name."""
    part = uses.islands
    count = int(part.max(initial=-1)) + 1
    size = np.bincount(part, minlength=count)
    least = np.full(count, len(uses))
    np.minimum.at(least, part, uses.name_order)
    number = np.empty(count, np.int64)
    number[np.lexsort((least, -size))] = np.arange(count)
    return number[part]


def measures(graph: Graph) -> dict[str, Measures]:
    """Of every node of a graph of uses."""
    uses = Uses.of(graph)
    columns = (
        uses.upward.degrees,
        uses.downward.degrees,
        ranks(uses),
        components(uses),
        levels(uses.condensed)[uses.cycles],
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return {node: Measures(*row) for node, row in zip(uses.nodes, rows, strict=True)}


def summary(graph: nx.MultiDiGraph[str], measured: Mapping[str, Measures]) -> dict[str, Any]:
    """The keys that `graph --json` prints: over the measured nodes of a graph and the pairs between them."""
    started = time.perf_counter()
    values = measured.values()
    return {
        "nodes": len(values),
        "edges": sum(value.out_degree for value in values),
        "sources": sum(value.out_degree > 0 for value in values),
        "targets": sum(value.in_degree > 0 for value in values),
        "components": len({value.component for value in values}),
        "longest_path": max((value.depth for value in values), default=0),
        "top_in_degree": top(graph, {node: value.in_degree for node, value in measured.items() if value.in_degree}),
        "top_pagerank": top(graph, {node: round(value.pagerank, 12) for node, value in measured.items()}),
        "nodes_by_kind": _tally(data["kind"] for _, data in graph.nodes(data=True)),
        "edges_by_kind": _tally(data["kind"] for _, _, data in graph.edges(data=True)),
        "seconds": round(time.perf_counter() - started, 6),
    }


def _tally(kinds: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(kinds).items()))


def top(graph: nx.MultiDiGraph[str], values: Mapping[str, float]) -> list[list[Any]]:
    """The names of highest value; of equals, the first in alphabetical order."""
    named = ((-value, graph.nodes[node].get("name") or node, value) for node, value in values.items())
    return [[name, value] for _, name, value in heapq.nsmallest(TOP, named)]
