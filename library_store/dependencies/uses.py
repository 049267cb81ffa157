"""A graph of uses as arrays: what the analyses of large graphs compute on.

`networkx` graphs are the public object and every analysis takes one; each also takes `Uses`, so that several analyses
of one graph convert it once. An edge leads from a user to what it uses; parallel edges are one pair here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import NamedTuple, TypeAlias

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

Graph: TypeAlias = "Uses | nx.DiGraph[str]"
"""What an analysis takes; a `networkx.MultiDiGraph` is a `networkx.DiGraph`."""


class Expanded(NamedTuple):
    """The edges out of some nodes: `origins[i]` says which entry of the given nodes the edge to `ends[i]` leaves."""

    origins: Ints
    ends: Ints


@dataclass(frozen=True, eq=False)
class Adjacency:
    """Edges by where they leave: those of node n are `ends[first[n] : first[n + 1]]`, in the order given."""

    first: Ints
    ends: Ints

    @classmethod
    def of(cls, size: int, starts: Ints, ends: Ints) -> Adjacency:
        order = np.argsort(starts, kind="stable")
        counts = np.bincount(starts, minlength=size)
        return cls(np.concatenate(([0], np.cumsum(counts))).astype(np.int64), ends[order])

    @property
    def degrees(self) -> Ints:
        return np.diff(self.first)

    def expand(self, nodes: Ints) -> Expanded:
        """Every edge that leaves one of `nodes`."""
        counts = self.first[nodes + 1] - self.first[nodes]
        origins = np.repeat(np.arange(len(nodes)), counts)
        within = np.arange(len(origins)) - np.repeat(np.cumsum(counts) - counts, counts)
        return Expanded(origins, self.ends[self.first[nodes][origins] + within])

    def __getitem__(self, node: int) -> Ints:
        return self.ends[self.first[node] : self.first[node + 1]]


@dataclass(frozen=True, eq=False)
class Uses:
    """Nodes and the distinct pairs (user, used) between them, as indices into `nodes`, ascending."""

    nodes: list[str]
    users: Ints
    used: Ints

    @classmethod
    def of(cls, graph: Graph) -> Uses:
        """The arrays of a graph, its nodes in the graph's order; arrays are passed through."""
        if isinstance(graph, Uses):
            return graph
        nodes = list(graph)
        number = {node: index for index, node in enumerate(nodes)}
        neighbours = [used for _, used in graph.adjacency()]  # in the order of the nodes, parallel edges as one
        counts = np.fromiter(map(len, neighbours), np.int64, len(nodes))
        used = np.fromiter(map(number.__getitem__, chain.from_iterable(neighbours)), np.int64, int(counts.sum()))
        users = np.repeat(np.arange(len(nodes)), counts)
        return cls(nodes, users, used[np.lexsort((used, users))])

    def __len__(self) -> int:
        return len(self.nodes)

    @cached_property
    def index(self) -> dict[str, int]:
        """Node → its number."""
        return {node: number for number, node in enumerate(self.nodes)}

    @cached_property
    def downward(self) -> Adjacency:
        """Node → what it uses."""
        return Adjacency.of(len(self), self.users, self.used)

    @cached_property
    def upward(self) -> Adjacency:
        """Node → its users."""
        return Adjacency.of(len(self), self.used, self.users)

    @cached_property
    def matrix(self) -> sparse.csr_array:
        """1 in row u, column v when u uses v."""
        ones = np.ones(len(self.used))
        return sparse.csr_array((ones, self.downward.ends, self.downward.first), shape=(len(self), len(self)))

    @cached_property
    def name_order(self) -> Ints:
        """The place of each node among all in alphabetical order: it decides between equals."""
        order = sorted(range(len(self)), key=self.nodes.__getitem__)
        places = np.empty(len(self), np.int64)
        places[order] = np.arange(len(self))
        return places

    @cached_property
    def cycles(self) -> Ints:
        """The strongly connected component of each node: its number."""
        part = self._components("strong")
        return np.arange(len(self)) if part.max(initial=-1) + 1 == len(self) else part

    @cached_property
    def islands(self) -> Ints:
        """The weakly connected component of each node: its number."""
        return self._components("weak")

    def _components(self, connection: str) -> Ints:
        if not self.nodes:
            return np.zeros(0, np.int64)
        return csgraph.connected_components(self.matrix, connection=connection)[1].astype(np.int64)

    @cached_property
    def condensed(self) -> Uses:
        """The acyclic graph of the strongly connected components: node n is component n, called by its least name."""
        part = self.cycles
        count = int(part.max(initial=-1)) + 1
        if count == len(self):
            apart = self.users != self.used
            return self if apart.all() else Uses(self.nodes, self.users[apart], self.used[apart])
        least = np.full(count, len(self))
        np.minimum.at(least, part, self.name_order)
        by_place = np.argsort(self.name_order)
        users, used = part[self.users], part[self.used]
        pairs = np.unique((users * max(1, count) + used)[users != used])
        return Uses([self.nodes[by_place[place]] for place in least], *np.divmod(pairs, max(1, count)))
