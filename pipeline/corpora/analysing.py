"""Analyses a corpus: figures, tables and graph files of each of its graphs, and a page about the main one.

The figures of the main graph stand at the top level of the summary, those of every graph under the graph's name. Two
processes share the work: one looks into the main graph, a fork of it writes tables and files.
"""

from __future__ import annotations

import difflib
import gc
import json
import multiprocessing
import sys
import time
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx

from domain import OutsideError, UserError
from library_store.dependencies.files import write_files
from library_store.dependencies.findings import Findings, find, place
from library_store.dependencies.measures import Measures, longest_path, measures, summary
from library_store.dependencies.page import Page, render
from library_store.dependencies.reach import unused
from library_store.dependencies.uses import Uses
from pipeline.corpora.reading import Corpus

SEED = 0
"""Of what is sampled: betweenness and communities."""


class _Measured(NamedTuple):
    """A graph with what every graph is measured for."""

    graph: nx.MultiDiGraph[str]
    uses: Uses
    measures: dict[str, Measures]
    figures: dict[str, Any]


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
    main, *others = corpus.graphs
    _say(started, f"read {source}")
    measured = _measure(corpus.graphs[main]())
    _say(started, f"{main}: {measured.figures['nodes']} nodes, {measured.figures['edges']} edges")
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    writer = context.Process(target=_tables, args=(corpus, measured, out, sender))
    writer.start()
    sender.close()
    findings = find(measured.graph, measured.uses, measured.measures, SEED)
    figures = measured.figures | findings.summary
    page = render(_page(corpus, measured, figures, findings))
    _say(started, f"{main}: analysed")
    found = {main: figures, **_answer(receiver)}
    writer.join()
    _write(page, out / "index.html")
    result = {"source": source, **figures, **corpus.facts, **(found if others else {})}
    result["seconds"] = round(time.perf_counter() - started, 3)
    _write(json.dumps(result, indent=1, ensure_ascii=False), out / "summary.json")
    _say(started, "files written")
    return result


def _measure(graph: nx.MultiDiGraph[str]) -> _Measured:
    began = time.perf_counter()
    uses = Uses.of(graph)
    measured = measures(uses)
    figures = summary(graph, measured)
    figures["critical_path"] = [graph.nodes[node]["name"] for node in longest_path(uses)]
    figures["seconds"] = round(time.perf_counter() - began, 3)
    return _Measured(graph, uses, measured, figures)


def _tables(corpus: Corpus, main: _Measured, out: Path, sender: Any) -> None:
    """Write the tables and files of every graph; send the figures of the others, or what went wrong, into a pipe."""
    try:
        first, *others = corpus.graphs
        write_files(main.graph, main.measures, out / first if others else out)
        figures: dict[str, Any] = {}
        for name in others:
            measured = _measure(corpus.graphs[name]())
            write_files(measured.graph, measured.measures, out / name)
            figures[name] = measured.figures
        sender.send(figures)
    except OutsideError as error:
        sender.send(error)


def _answer(receiver: Any) -> dict[str, Any]:
    try:
        answer: dict[str, Any] | OutsideError = receiver.recv()
    except EOFError:
        raise OutsideError("the process that writes the tables was ended: is there memory enough?") from None
    if isinstance(answer, OutsideError):
        raise answer
    return answer


def _page(corpus: Corpus, main: _Measured, figures: Mapping[str, Any], findings: Findings) -> Page:
    return Page(
        title=corpus.title,
        edge=corpus.edge,
        graph=main.graph,
        uses=main.uses,
        measures=main.measures,
        summary=figures,
        columns={"rest on it": dict(zip(main.uses.nodes, findings.reach.users.tolist(), strict=True))},
        communities=findings.communities,
    )


def locate(source: str, read: Callable[[], Corpus], lemma: str) -> dict[str, Any]:
    """Where a lemma stands in the main graph of a corpus. Raises `UserError` if it is not there."""
    graph = next(iter(read().graphs.values()))()
    found = place(graph, lemma)
    if found is None:
        near = difflib.get_close_matches(lemma, (data["name"] for _, data in graph.nodes(data=True)), n=1)
        guess = f"; did you mean {near[0]}?" if near else ""
        raise UserError(f"{source} has no {lemma!r} that uses or is used{guess}")
    return found


def left_over(source: str, read: Callable[[], Corpus], roots: Path) -> list[dict[str, Any]]:
    """What nothing that the roots rest on uses, in the main graph of a corpus, as it stands in the sources.

    Args:
        source: what messages call the corpus.
        read: reads it.
        roots: a file with a name on each line; `*` stands for any letters, and what follows `#` is a comment.

    Raises:
        UserError: the file cannot be read or names nothing, or the corpus has nothing of a name.
    """
    try:
        lines = [line.partition("#")[0].strip() for line in roots.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"--roots {roots} cannot be read: {error}") from None
    wanted = list(dict.fromkeys(filter(None, lines)))
    if not wanted:
        raise UserError(f"--roots {roots} names nothing: give a name on each line")
    graph = next(iter(read().graphs.values()))()
    known = {node: str(data["name"]) for node, data in graph.nodes(data=True)}
    found: set[str] = set()
    for pattern in wanted:
        told = {node for node, name in known.items() if pattern in (node, name) or fnmatchcase(name, pattern)}
        if not told:
            near = difflib.get_close_matches(pattern, known.values(), n=1)
            guess = f"; did you mean {near[0]}?" if near else ""
            raise UserError(f"--roots {roots}: {source} has nothing called {pattern}{guess}")
        found |= told
    left = [graph.nodes[node] for node in unused(graph, found)]
    told = [{key: data.get(key, "") for key in ("name", "kind", "file", "line", "statement")} for data in left]
    return sorted(told, key=lambda one: (one["file"], one["line"] or 0, one["name"]))


def _write(text: str, file: Path) -> None:
    try:
        file.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise OutsideError(f"cannot write {file}: {error.strerror or error}") from error


def _say(started: float, text: str) -> None:
    print(f"[{time.perf_counter() - started:6.1f} s] {text}", file=sys.stderr)
