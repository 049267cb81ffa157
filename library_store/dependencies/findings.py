"""What an analysis of a whole library finds, ready for a report; and the place of one lemma in it.

The figures add to those of `measures.summary`: what most rests on, what holds the parts together, what could go.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

import networkx as nx
import numpy as np

from library_store.dependencies.communities import communities
from library_store.dependencies.measures import TOP, Measures, measures, top
from library_store.dependencies.reach import Reach, breaks, closure, reach
from library_store.dependencies.structure import articulation, betweenness, cores
from library_store.dependencies.uses import Uses

SAMPLES = 500
"""Sources of the shortest paths for betweenness."""


class Findings(NamedTuple):
    """What was computed of a graph: for its files, its page and its summary."""

    reach: Reach
    communities: list[list[str]]
    summary: dict[str, Any]


def find(graph: nx.MultiDiGraph[str], uses: Uses, measured: Mapping[str, Measures], seed: int) -> Findings:
    """All findings about a graph; `seed` is for betweenness (sampled) and communities."""
    reached = reach(uses)
    groups = communities(uses, seed)
    between = betweenness(uses, SAMPLES, seed)
    core = cores(uses)
    joints = articulation(uses)
    resting = dict(zip(uses.nodes, reached.users.tolist(), strict=True))
    look_alikes = clusters(graph)
    cycle_sizes = np.bincount(uses.cycles) if len(uses) else np.zeros(0, np.int64)
    unused = [n for n in uses.nodes if graph.nodes[n]["kind"] == "lemma" and not measured[n].in_degree]
    summary = {
        "self_edges": int((uses.users == uses.used).sum()),
        "cycles": int((cycle_sizes > 1).sum()),
        "edges_of_transitive_reduction": len(uses.condensed.users) - reached.superfluous,
        "unused_lemmas": len(unused),
        "articulation_lemmas": len(joints),
        "look_alikes": {"clusters": len(look_alikes), "members": sum(map(len, look_alikes))},
        "core": {"largest": max(core.values(), default=0), "members": _at_most(core)},
        "communities": {
            "count": len(groups),
            "modularity": round(modularity(uses, groups), 4),
            "largest": [{"members": len(g), "leader": _leader(graph, measured, g)} for g in groups[:TOP]],
        },
        "top_transitive_users": top(graph, resting),
        "top_betweenness": top(graph, {node: round(value, 12) for node, value in between.items()}),
        "top_articulation": top(graph, {node: measured[node].in_degree for node in joints}),
        "top_bottlenecks": top(graph, bottlenecks(graph, resting)),
    }
    return Findings(reached, groups, summary)


def _at_most(core: dict[str, int]) -> int:
    largest = max(core.values(), default=0)
    return sum(value == largest for value in core.values())


def _leader(graph: nx.MultiDiGraph[str], measured: Mapping[str, Measures], group: list[str]) -> str:
    """The name of the member that most use."""
    return graph.nodes[max(group, key=lambda node: (measured[node].in_degree, node))]["name"]


def modularity(uses: Uses, groups: list[list[str]]) -> float:
    """How much more edges lie within groups than chance would put there (Newman 2004), directions ignored."""
    if not len(uses.users):
        return 0.0
    label = np.empty(len(uses), np.int64)
    for number, group in enumerate(groups):
        label[[uses.index[node] for node in group]] = number
    degree = uses.upward.degrees + uses.downward.degrees
    share = np.bincount(label, weights=degree) / degree.sum()
    return float((label[uses.users] == label[uses.used]).mean() - (share**2).sum())


def bottlenecks(graph: nx.MultiDiGraph[str], resting: dict[str, int]) -> dict[str, int]:
    """The statements that nobody has proved yet, with how much rests on each: the more, the sooner it is worth proving.

    `resting` is how many nodes rest on each node, directly or through others.
    """
    return {node: resting[node] for node, data in graph.nodes(data=True) if data.get("status") == "open"}


def clusters(graph: nx.MultiDiGraph[str]) -> list[list[str]]:
    """Lemmas whose statements are the same text after the name, white space apart; largest first.

    They are candidates for merging, not proved equal: what a text means can depend on the file around it.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for node, data in graph.nodes(data=True):
        statement: str = data.get("statement") or ""
        if statement:
            found[said(statement, data["name"])].append(node)
    return sorted((sorted(g) for g in found.values() if len(g) > 1), key=lambda g: (-len(g), g[0]))


def said(statement: str, name: str) -> str:
    """What a declaration says after its own name, in one line."""
    own = name.rpartition(".")[2]
    at = statement.find(own)
    while at >= 0 and (_in_word(statement[at - 1 : at]) or _in_word(statement[at + len(own) :][:1])):
        at = statement.find(own, at + 1)
    return " ".join((statement if at < 0 else statement[at + len(own) :]).split())


def _in_word(sign: str) -> bool:
    return sign.isalnum() or sign in ("_", "'")


def place(graph: nx.MultiDiGraph[str], name: str) -> dict[str, Any] | None:
    """Where a lemma stands, by its name or node: what it uses, who uses it, what breaks without it, what it needs.

    `needs_files` is the least set of files that its proof needs, with how many declarations of each: those first that
    the others need. None if there is no such lemma.
    """
    node = name if name in graph else next((n for n, data in graph.nodes(data=True) if data["name"] == name), None)
    if node is None:
        return None
    uses = Uses.of(graph)
    below, above = closure(uses, node), breaks(uses, node)
    depth = {n: values.depth for n, values in measures(uses).items()}
    files = Counter(graph.nodes[n].get("file") or "" for n in below)
    lowest: dict[str, int] = {}
    for n in below:
        file = graph.nodes[n].get("file") or ""
        lowest[file] = max(depth[n], lowest.get(file, 0))

    def named(nodes: list[str]) -> list[str]:
        return [graph.nodes[n]["name"] for n in nodes]

    return {
        "name": graph.nodes[node]["name"],
        "statement": graph.nodes[node].get("statement") or "",
        "uses": named(sorted(graph.successors(node))),
        "used_by": named(sorted(graph.predecessors(node))),
        "breaks": named(above),
        "needs": named(below),
        "needs_files": [[file, files[file]] for file in sorted(files, key=lambda f: (lowest[f], f)) if file],
    }
