"""Groups of lemmas that use each other more than the rest, by modularity.

The method of Louvain (Blondel et al. 2008), with one change that lets arrays do the work: at each step a random half of
the nodes look for their best group at the same time, instead of one node after the other.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from library_store.dependencies.uses import Graph, Ints, Uses

_STEPS = 60
"""How many steps one pass takes at most."""
_SETTLED = 1 / 500
"""A pass ends when a smaller share of the nodes than this would move."""


def communities(graph: Graph, seed: int) -> list[list[str]]:
    """The groups, largest first, each in alphabetical order; the direction of uses does not matter."""
    uses = Uses.of(graph)
    if not uses.nodes:
        return []
    chance = np.random.default_rng(seed)
    weights = (uses.matrix + uses.matrix.T).tocsr()
    label = np.arange(len(uses))
    while True:
        group = _settle(weights, chance)
        label = group[label]
        count = int(group.max()) + 1
        if count == len(group):
            break
        belongs = sparse.csr_array((np.ones(len(group)), (np.arange(len(group)), group)), shape=(len(group), count))
        weights = (belongs.T @ weights @ belongs).tocsr()
    members: list[list[str]] = [[] for _ in range(int(label.max()) + 1)]
    for node, number in zip(uses.nodes, label.tolist(), strict=True):
        members[number].append(node)
    return sorted((sorted(group) for group in members), key=lambda group: (-len(group), group[0]))


def _settle(weights: sparse.csr_array, chance: np.random.Generator) -> Ints:
    """The group of each node after one pass of moves that raise modularity, numbered from 0 without gaps."""
    strength = np.asarray(weights.sum(axis=1)).ravel()
    size = len(strength)
    total = max(float(strength.sum()), 1.0)
    links = weights.tocoo()
    apart = links.row != links.col
    row, column, weight = links.row[apart].astype(np.int64), links.col[apart], links.data[apart]
    label = np.arange(size)
    for _ in range(_STEPS if len(row) else 0):
        pair, place = np.unique(row * size + label[column], return_inverse=True)
        node, group = np.divmod(pair, size)
        at_home = group == label[node]
        inside = np.bincount(label, weights=strength, minlength=size)
        rivals = inside[group] - np.where(at_home, strength[node], 0)
        gain = np.bincount(place, weights=weight) - strength[node] * rivals / total
        stay = -strength * (inside[label] - strength) / total
        stay[node[at_home]] = gain[at_home]
        first = np.flatnonzero(np.diff(node, prepend=-1))
        peak = np.maximum.reduceat(gain, first)
        number = np.cumsum(np.diff(node, prepend=-1) != 0) - 1
        at_peak = np.flatnonzero(gain == peak[number])
        best = at_peak[np.diff(node[at_peak], prepend=-1) != 0]
        best = best[gain[best] > stay[node[best]] + 1e-9]
        if len(best) <= size * _SETTLED:
            break
        best = best[chance.random(len(best)) < 0.5]
        label[node[best]] = group[best]
    return np.unique(label, return_inverse=True)[1]
