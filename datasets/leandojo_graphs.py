"""The two dependency graphs of LeanDojo Benchmark 4, as `networkx.MultiDiGraph`.

*By name*: a node is a full name, an edge a distinct pair (name of the theorem, name of a premise that a tactic of its
proof names). Names that are declared more than once are one node. *By location*: a node is a declaration of the corpus,
an edge a distinct pair of declarations; a premise is the declaration whose text its place lies in. Twins that
`to_additive` makes share a text, so they are one node, and a premise that lies in no declaration is left out.

In both, a node is there only if some edge touches it. Theorems without a name have no tactics, so no edge is lost.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from itertools import accumulate
from typing import NamedTuple

import networkx as nx

from datasets.leandojo import Benchmark, Declaration, Position

NAMES = "mentioned"
"""The kind of the edges: a tactic names the premise. What a proof term rests on is not in the benchmark."""


class _Declared(NamedTuple):
    """The declarations of a file by where they start, and for each the last end of it and those before it."""

    starts: list[Position]
    declarations: list[Declaration]
    ends: list[Position]


class Places:
    """Finds the declaration of the corpus whose text a place lies in."""

    def __init__(self, benchmark: Benchmark) -> None:
        self._files: dict[str, _Declared] = {}
        for file in benchmark.files:
            declarations = sorted(file.premises, key=lambda declaration: declaration.start)
            ends = list(accumulate((declaration.end for declaration in declarations), max))
            self._files[file.path] = _Declared([one.start for one in declarations], declarations, ends)

    def at(self, path: str, position: Position) -> Declaration | None:
        """Of the declarations that start before the place and end after it, the last to start, if any."""
        file = self._files.get(path)
        if file is None:
            return None
        number = bisect_right(file.starts, position) - 1
        while number >= 0 and file.ends[number] >= position:
            if file.declarations[number].end >= position:
                return file.declarations[number]
            number -= 1
        return None


def by_name(benchmark: Benchmark) -> nx.MultiDiGraph[str]:
    """The graph of names; nodes have `statement`, `file`, `line` and, for theorems, `proof` (the tactics)."""
    pairs: Counter[tuple[str, str]] = Counter()
    proofs: dict[str, str] = {}
    for theorem in benchmark.theorems:
        if theorem.name is not None:
            proofs[theorem.name] = theorem.proof
            for premise, count in theorem.premises.items():
                pairs[theorem.name, premise.full_name] += count
    declared = {
        declaration.full_name: (file.path, declaration) for file in benchmark.files for declaration in file.premises
    }
    graph = _graph(pairs)
    for node in graph:
        path, declaration = declared.get(node, ("", None))
        graph.nodes[node].update(_attributes(node, path, declaration, proofs.get(node)))
    return graph


def by_location(benchmark: Benchmark) -> nx.MultiDiGraph[str]:
    """The graph of declarations, called `PATH:LINE:COLUMN`; nodes have the attributes of `by_name`."""
    places = Places(benchmark)
    pairs: Counter[tuple[str, str]] = Counter()
    found: dict[str, tuple[str, Declaration | None, str | None]] = {}
    targets: dict[tuple[str, Position], str] = {}
    proofs: dict[str, str] = {}
    for theorem in benchmark.theorems:
        own = places.at(theorem.path, theorem.start)
        source = _id(theorem.path, theorem.start if own is None else own.start)
        found[source] = (theorem.path, own, theorem.name)
        proofs[source] = theorem.proof
        for premise, count in theorem.premises.items():
            place = (premise.def_path, premise.def_pos)
            if place not in targets:
                declaration = places.at(*place)
                targets[place] = "" if declaration is None else _id(place[0], declaration.start)
                found.setdefault(targets[place], (place[0], declaration, None))
            if targets[place]:
                pairs[source, targets[place]] += count
    graph = _graph(pairs)
    for node in graph:
        path, declaration, own_name = found[node]
        name = own_name if declaration is None else declaration.full_name
        graph.nodes[node].update(_attributes(name or node, path, declaration, proofs.get(node)))
    return graph


def _id(path: str, start: Position) -> str:
    return f"{path}:{start[0]}:{start[1]}"


def _graph(pairs: Counter[tuple[str, str]]) -> nx.MultiDiGraph[str]:
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for (source, target), count in pairs.items():
        graph.add_edge(source, target, NAMES, kind=NAMES, count=count)
    return graph


def _attributes(name: str, path: str, declaration: Declaration | None, proof: str | None) -> dict[str, str | int]:
    return {
        "kind": "declaration" if proof is None else "lemma",
        "name": name,
        "statement": "" if declaration is None else declaration.code,
        "proof": proof or "",
        "file": path,
        "line": 0 if declaration is None else declaration.start[0],
    }
