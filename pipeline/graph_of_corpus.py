"""Analyses a corpus: figures, tables and graph files of each of its graphs.

The figures of the first graph stand at the top level of the summary, those of every graph under the graph's name.
"""

from __future__ import annotations

import difflib
import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from domain import OutsideError, UserError
from library_store.findings import find, place
from library_store.graph_files import write_files
from library_store.measures import longest_path, measures, summary
from library_store.uses import Uses
from pipeline.corpora import Corpus

SEED = 0
"""Of what is sampled: betweenness and communities."""


def analyse(source: str, read: Callable[[], Corpus], out: Path) -> dict[str, Any]:
    """Read a corpus, write its files under `out` and return its summary, which is also `summary.json`."""
    collects = gc.isenabled()
    gc.disable()  # millions of small values are kept until the end; looking for garbage among them finds none
    try:
        return _analyse(source, read, out)
    finally:
        if collects:
            gc.enable()


def _analyse(source: str, read: Callable[[], Corpus], out: Path) -> dict[str, Any]:
    started = time.perf_counter()
    corpus = read()
    _say(started, f"read {source}")
    found: dict[str, Any] = {}
    for name, graph in corpus.graphs.items():
        began = time.perf_counter()
        uses = Uses.of(graph)
        measured = measures(uses)
        figures = summary(graph, measured) | {
            "critical_path": [graph.nodes[node]["name"] for node in longest_path(uses)]
        }
        if not found:
            findings = find(graph, uses, measured, SEED)
            figures |= findings.summary
        figures["seconds"] = round(time.perf_counter() - began, 3)
        found[name] = figures
        _say(started, f"{name}: {figures['nodes']} nodes, {figures['edges']} edges")
        write_files(graph, measured, out / name if len(corpus.graphs) > 1 else out)
        _say(started, f"{name}: files written")
    main = next(iter(found.values()))
    result = {"source": source, **main, **corpus.facts, **(found if len(found) > 1 else {})}
    result["seconds"] = round(time.perf_counter() - started, 3)
    try:
        (out / "summary.json").write_text(json.dumps(result, indent=1, ensure_ascii=False), encoding="utf-8")
    except OSError as error:
        raise OutsideError(f"cannot write {out / 'summary.json'}: {error.strerror or error}") from error
    return result


def locate(source: str, read: Callable[[], Corpus], lemma: str) -> dict[str, Any]:
    """Where a lemma stands in the main graph of a corpus. Raises `UserError` if it is not there."""
    graph = next(iter(read().graphs.values()))
    found = place(graph, lemma)
    if found is None:
        near = difflib.get_close_matches(lemma, (data["name"] for _, data in graph.nodes(data=True)), n=1)
        raise UserError(
            f"{source} has no {lemma!r} that uses or is used" + (f"; did you mean {near[0]}?" if near else "")
        )
    return found


def _say(started: float, text: str) -> None:
    print(f"[{time.perf_counter() - started:6.1f} s] {text}", file=sys.stderr)
