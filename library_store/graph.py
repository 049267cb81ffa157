"""The dependency graph of a library as a `networkx.MultiDiGraph`, and its files.

A node is a lemma (its id), or `problem:NAME`, `definition:ID`, `request:ID`. An edge leads from what uses, asks for or
comes from something to that thing; its key is its kind, and the three kinds `retrieved`, `mentioned` and `proof_uses`
are never mixed (invariant 8). Several rows of one kind between two nodes are one edge with a `count`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import networkx as nx
import pyarrow as pa
import pyarrow.parquet as pq

from domain import OutsideError
from library_store.analysis import Measures
from library_store.library import Library
from library_store.schema import NodeKind
from library_store.snapshot import Tables, write_atomically

_UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML, and so GraphML, cannot hold."""


def node_of(kind: NodeKind, identity: str) -> str:
    """The node's name in the graph."""
    return identity if kind == "lemma" else f"{kind}:{_text(identity)}"


def _text(text: str) -> str:
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def lemma_graph(source: Tables | Library, kinds: Collection[str] | None = None) -> nx.MultiDiGraph[str]:
    """The graph of a library.

    Args:
        source: tables of a run, or an open library as it is now.
        kinds: of the edges to take; None for all.

    Returns:
        Every node has `kind`, `name`, `round`; lemmas have `statement`, `operator`, `origins` (names, a line
        each), `retired`; problems have `status`. Every edge has `kind`, `round` (the first), `count` and `confirmed`.
    """
    tables = source.at_round(source.round) if isinstance(source, Library) else source
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(round=tables.round)
    for row in tables.rows("definitions"):
        graph.add_node(node_of("definition", row["id"]), kind="definition", name=_text(row["name"]), round=row["round"])
    for row in tables.rows("problems"):
        graph.add_node(
            node_of("problem", row["id"]),
            kind="problem",
            name=_text(row["name"]),
            round=row["round"],
            status=row["status"],
        )
    for row in tables.rows("requests"):
        graph.add_node(node_of("request", row["id"]), kind="request", name=_text(row["statement"]), round=row["born"])
    for row in tables.rows("lemmas"):
        graph.add_node(
            row["id"],
            kind="lemma",
            name=_text(row["name"]) or f"l{row['id'][:16]}",
            round=row["born"],
            statement=_text(row["statement"]),
            operator=row["operator"],
            origins=_text("\n".join(row["origins"])),
            retired=row["retired_by"] is not None,
        )
    for row in tables.rows("edges"):
        kind = row["kind"]
        if kinds is not None and kind not in kinds:
            continue
        ends = [(row["source_kind"], row["source"]), (row["target_kind"], row["target"])]
        for end_kind, identity in ends:
            if node_of(end_kind, identity) not in graph:
                graph.add_node(node_of(end_kind, identity), kind=end_kind, name=_text(identity), round=row["round"])
        source_node, target_node = (node_of(*end) for end in ends)
        if graph.has_edge(source_node, target_node, kind):
            data = graph.edges[source_node, target_node, kind]
            data["count"] += 1
            data["confirmed"] |= row["confirmed"]
        else:
            graph.add_edge(
                source_node, target_node, kind, kind=kind, round=row["round"], count=1, confirmed=row["confirmed"]
            )
    return graph


def write_files(
    graph: nx.MultiDiGraph[str], values: dict[str, Measures], summary: dict[str, Any], folder: Path
) -> list[Path]:
    """Write `nodes.parquet`, `edges.parquet`, `graph.graphml`, `graph.dot` and `summary.json`; returns the paths."""
    paths = {name: folder / name for name in ("nodes.parquet", "edges.parquet", "graph.graphml", "graph.dot")}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(node_table(graph, values), paths["nodes.parquet"], compression="zstd")
        pq.write_table(edge_table(graph), paths["edges.parquet"], compression="zstd")
        nx.write_graphml(graph, paths["graph.graphml"])
        paths["graph.dot"].write_text(dot(graph), encoding="utf-8")
        paths["summary.json"] = folder / "summary.json"
        write_atomically(paths["summary.json"], json.dumps(summary, indent=1, ensure_ascii=False).encode())
    except OSError as error:
        raise OutsideError(f"cannot write the graph to {folder}: {error.strerror or error}") from error
    return list(paths.values())


def node_table(graph: nx.MultiDiGraph[str], values: dict[str, Measures]) -> pa.Table:
    """One row per node with its measures; nodes outside the graph of `proof_uses` have null measures."""
    nodes: list[tuple[str, dict[str, Any]]] = list(graph.nodes.items())

    def attribute(name: str) -> list[Any]:
        return [data.get(name) for _, data in nodes]

    def measure(name: str) -> list[Any]:
        return [getattr(values[node], name) if node in values else None for node, _ in nodes]

    return pa.table(
        {
            "node": pa.array([node for node, _ in nodes], pa.string()),
            **{name: pa.array(attribute(name), pa.string()) for name in ("kind", "name", "statement", "operator")},
            "origins": pa.array([(data.get("origins") or "").splitlines() for _, data in nodes], pa.list_(pa.string())),
            "status": pa.array(attribute("status"), pa.string()),
            "retired": pa.array(attribute("retired"), pa.bool_()),
            "round": pa.array(attribute("round"), pa.int32()),
            **{name: pa.array(measure(name), pa.int64()) for name in ("in_degree", "out_degree", "component", "depth")},
            "pagerank": pa.array(measure("pagerank"), pa.float64()),
        }
    )


def edge_table(graph: nx.MultiDiGraph[str]) -> pa.Table:
    edges: list[tuple[str, str, dict[str, Any]]] = list(graph.edges(data=True))
    types = {"kind": pa.string(), "round": pa.int32(), "count": pa.int64(), "confirmed": pa.bool_()}
    return pa.table(
        {
            "source": pa.array([source for source, _, _ in edges], pa.string()),
            "target": pa.array([target for _, target, _ in edges], pa.string()),
            **{name: pa.array([data[name] for _, _, data in edges], of) for name, of in types.items()},
        }
    )


_SHAPES = {"lemma": "ellipse", "problem": "box", "definition": "hexagon", "request": "diamond"}
_STYLES = {"proof_uses": "solid", "statement_uses": "dotted", "evolved_from": "dashed"}


def dot(graph: nx.MultiDiGraph[str]) -> str:
    """The graph in Graphviz's language."""

    def quoted(text: str) -> str:
        return json.dumps(text, ensure_ascii=False)

    lines = ["digraph lemmas {", "  rankdir=LR;"]
    for node, data in graph.nodes(data=True):
        lines.append(f"  {quoted(node)} [label={quoted(data['name'])}, shape={_SHAPES.get(data['kind'], 'ellipse')}];")
    for source, target, data in graph.edges(data=True):
        style = _STYLES.get(data["kind"], "dashed")
        lines.append(f"  {quoted(source)} -> {quoted(target)} [label={quoted(data['kind'])}, style={style}];")
    return "\n".join([*lines, "}", ""])
