"""Dependency graphs of libraries that Lemmary did not make: `PREFIX:PATH` is read into graphs, the main one first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx

from domain import UserError


class Corpus(NamedTuple):
    """The graphs of a library by name, and figures about the library that no graph holds."""

    title: str
    edge: str
    """What an edge says, in a sentence."""
    graphs: Mapping[str, Callable[[], nx.MultiDiGraph[str]]]
    """Makes each graph; the main one first."""
    facts: Mapping[str, Any]


def reader(source: str) -> Callable[[], Corpus] | None:
    """What reads the corpus that a source names; None for a directory, which a run or library is.

    Raises:
        UserError: the prefix is unknown, or nothing follows it.
    """
    prefix, separator, path = source.partition(":")
    if not separator or Path(source).exists():
        return None
    if prefix not in _READERS:
        raise UserError(
            f"{source}: {prefix}: is no kind of source; there are {', '.join(f'{p}:PATH' for p in _READERS)}"
        )
    if not path:
        raise UserError(f"{source} names no path: give {prefix}:PATH")
    return lambda: _READERS[prefix](Path(path))


def _leandojo(path: Path) -> Corpus:
    from datasets.leandojo import read_leandojo
    from datasets.leandojo_graphs import by_location, by_name

    benchmark = read_leandojo(path)
    facts = {
        "files": len(benchmark.files),
        "declarations": sum(len(file.premises) for file in benchmark.files),
        "theorems": len(benchmark.theorems),
        "theorems_with_tactics": sum(bool(theorem.proof) for theorem in benchmark.theorems),
        "annotations": benchmark.annotations,
    }
    graphs = {"by_name": partial(by_name, benchmark), "by_location": partial(by_location, benchmark)}
    edge = "An edge leads from a theorem to what a tactic of its proof names."
    return Corpus("LeanDojo Benchmark 4", edge, graphs, facts)


def _lego(path: Path) -> Corpus:
    from datasets.lego import KINDS, lego_graph, read_skills

    skills = read_skills(path)
    facts = {"skills": len(skills), "checkpoints": len({skill["checkpoint"] for skill in skills})}
    edge = "An edge leads from a skill to one of its library whose name stands in its text."
    graphs = {kind: partial(lego_graph, skills, kind) for kind in KINDS}
    return Corpus("LEGO-Prover skills", edge, graphs, facts)


def _rocq(path: Path) -> Corpus:
    from pipeline.corpora.rocq import STDLIB, rocq_graph, stdlib_graph

    edge = "An edge leads from a constant to each that its type or its proof term contains."
    if str(path) == STDLIB:
        return Corpus("Coq's standard library", edge, {"terms": stdlib_graph}, {})
    return Corpus(path.resolve().name, edge, {"terms": partial(rocq_graph, path)}, {})


def _lean(path: Path) -> Corpus:
    from pipeline.corpora.lean import lean_graph

    edge = "An edge leads from a declaration to each constant that its text names."
    return Corpus(path.resolve().name, edge, {"mentioned": partial(lean_graph, path)}, {})


def _isabelle(path: Path) -> Corpus:
    from pipeline.corpora.isabelle import isabelle_graph

    edge = "An edge leads from a fact to each fact that its derivation uses."
    return Corpus(path.name, edge, {"derivations": partial(isabelle_graph, path)}, {})


_READERS: dict[str, Callable[[Path], Corpus]] = {
    "leandojo": _leandojo,
    "lego": _lego,
    "rocq": _rocq,
    "lean": _lean,
    "isabelle": _isabelle,
}
