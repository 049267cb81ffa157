"""What rests on what through any number of steps: transitive users and uses, transitive reduction, closures.

Reachability is computed exactly and for all nodes at once, on the acyclic graph of components: sets of nodes are rows
of bits, a block of columns at a time, and each level of the graph is one pass of numpy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from library_store.dependencies.measures import levels
from library_store.dependencies.uses import Adjacency, Graph, Ints, Uses

_WORDS = 64
"""Words of 64 bits in a row of a block: a block of 4,096 columns over 100,000 nodes takes 50 MB."""
_ROWS = 255
"""How many rows of bits are counted at a time: a count fits into a byte."""


class Reach(NamedTuple):
    """How many nodes rest on each node and on how many it rests, itself not counted, by node number."""

    users: Ints
    used: Ints
    superfluous: int
    """How many edges a longer chain makes superfluous, of those between components."""


def reach(graph: Graph) -> Reach:
    """The sizes of the sets of transitive users and uses of every node; a cycle's members rest on each other."""
    uses = Uses.of(graph)
    links, part = uses.condensed, uses.cycles
    more = np.bincount(part, minlength=len(links)) - 1  # members of a component besides the first
    above, below = more.copy(), more.copy()
    superfluous = 0
    for block in _blocks(links):
        superfluous += len(block.redundant)
        large = np.flatnonzero(more[block.columns])
        for start in range(0, len(block.users), _ROWS):
            users, words = block.users[start : start + _ROWS], block.used[start : start + _ROWS]
            bits = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")[:, : len(block.columns)]
            above[block.columns] += bits.sum(axis=0, dtype=np.uint8)
            below[users] += np.bitwise_count(words).sum(axis=1, dtype=np.int64)
            below[users] += bits[:, large] @ more[block.columns[large]]
            several = np.flatnonzero(more[users])
            above[block.columns] += more[users[several]] @ bits[several]
    return Reach(above[part], below[part], superfluous)


def transitive_reduction(graph: Graph) -> nx.DiGraph[str]:
    """The least graph with the same chains: without the edges that a longer chain makes superfluous.

    Of a cycle only the least member is kept, with the edges of all.
    """
    links = Uses.of(graph).condensed
    kept = np.ones(len(links.users), bool)
    for block in _blocks(links):
        kept[block.redundant] = False
    reduced: nx.DiGraph[str] = nx.DiGraph()
    reduced.add_nodes_from(links.nodes)
    pairs = zip(links.users[kept].tolist(), links.used[kept].tolist(), strict=True)
    reduced.add_edges_from((links.nodes[user], links.nodes[used]) for user, used in pairs)
    return reduced


def unused(graph: nx.MultiDiGraph[str], roots: Iterable[str]) -> list[str]:
    """The nodes with a statement of their own that no root rests on, in the graph's order; roots are nodes too."""
    kept = set(chain.from_iterable(nx.bfs_layers(graph, list(roots))))
    return [node for node, data in graph.nodes(data=True) if data.get("statement") and node not in kept]


def breaks(graph: Graph, node: str) -> list[str]:
    """What rests on a node in one step or more, nearest first: what has to be proved again without it."""
    uses = Uses.of(graph)
    return _onward(uses, uses.upward, node)


def closure(graph: Graph, node: str) -> list[str]:
    """What a node rests on in one step or more, nearest first."""
    uses = Uses.of(graph)
    return _onward(uses, uses.downward, node)


def _onward(uses: Uses, adjacency: Adjacency, node: str) -> list[str]:
    seen = np.zeros(len(uses), bool)
    frontier = np.array([uses.index[node]])
    seen[frontier] = True
    found: list[Ints] = []
    while len(frontier):
        ends = np.unique(adjacency.expand(frontier).ends)
        frontier = ends[~seen[ends]]
        frontier = frontier[np.argsort(uses.name_order[frontier])]
        seen[frontier] = True
        found.append(frontier)
    return [uses.nodes[number] for layer in found for number in layer]


class _Block(NamedTuple):
    """Some columns of the reachability of an acyclic graph."""

    columns: Ints
    """The nodes that the bits stand for, from the lowest bit of the first word."""
    users: Ints
    """The nodes that reach any of them."""
    used: NDArray[np.uint64]
    """For each of these a row of bits: the columns that it reaches in one step or more."""
    redundant: Ints
    """Edges, by number, to a column that another edge of the same user reaches too."""


class _Step(NamedTuple):
    """The edges out of the nodes of one level, by user: `users[i]` uses `used[i]` by edge number `edges[i]`."""

    users: Ints
    used: Ints
    edges: Ints


def _blocks(uses: Uses) -> Iterator[_Block]:
    """The reachability of an acyclic graph: all columns that some edge leads to."""
    depth = levels(uses)
    order = np.argsort(depth[uses.users], kind="stable")
    cuts = np.searchsorted(depth[uses.users][order], np.arange(1, int(depth.max(initial=0)) + 2))
    steps = [_Step(uses.users[part], uses.used[part], part) for part in np.split(order, cuts)[1:-1]]
    targets = np.flatnonzero(uses.upward.degrees)
    for start in range(0, len(targets), 64 * _WORDS):
        yield _block(len(uses), steps, targets[start : start + 64 * _WORDS])


def _block(size: int, steps: list[_Step], columns: Ints) -> _Block:
    place = np.full(size, -1)
    place[columns] = np.arange(len(columns))
    bit = np.uint64(1) << (np.arange(len(columns)).astype(np.uint64) % np.uint64(64))
    closed = np.zeros((size, _WORDS), np.uint64)  # the columns among a node and what it reaches
    closed[columns, place[columns] // 64] = bit
    live = place >= 0  # the nodes whose row is not empty
    users: list[Ints] = []
    rows_of: list[NDArray[np.uint64]] = []
    redundant: list[Ints] = []
    for step in steps:
        edge = np.flatnonzero(live[step.used])
        if not len(edge):
            continue
        used = step.used[edge]
        new = np.concatenate(([True], np.diff(step.users[edge]) != 0))
        first, group = np.flatnonzero(new), np.cumsum(new) - 1
        who = step.users[edge[first]]
        rows = closed[used]
        reached = np.bitwise_or.reduceat(rows, first)
        closed[who] |= reached
        live[who] = True
        users.append(who)
        rows_of.append(reached)
        own = np.flatnonzero(place[used] >= 0)
        spot = place[used[own]]
        rows[own, spot // 64] &= ~bit[spot]  # what each edge leads to beyond its own end
        beyond = np.bitwise_or.reduceat(rows, first)
        spare = own[(beyond[group[own], spot // 64] & bit[spot]) != 0]
        redundant.append(step.edges[edge[spare]])
    return _Block(columns, np.concatenate(users), np.concatenate(rows_of), np.concatenate(redundant))
