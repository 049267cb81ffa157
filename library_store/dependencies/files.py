"""The files of a graph: Parquet tables of nodes and edges, GraphML and DOT.

They are written as text of one pass over the graph, since a library may have hundreds of thousands of declarations.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import networkx as nx
import pyarrow as pa
import pyarrow.parquet as pq

from domain import OutsideError, UserError
from library_store.dependencies.measures import Measures
from library_store.graph import writable
from term_algebra import read_json

_NODE_COLUMNS = {
    "kind": pa.string(),
    "name": pa.string(),
    "statement": pa.string(),
    "proof": pa.string(),
    "operator": pa.string(),
    "file": pa.string(),
    "line": pa.int32(),
    "status": pa.string(),
    "retired": pa.bool_(),
    "round": pa.int32(),
}
_EDGE_COLUMNS = {"kind": pa.string(), "round": pa.int32(), "count": pa.int64(), "confirmed": pa.bool_()}
_XML_TYPES = {pa.string(): "string", pa.int32(): "long", pa.int64(): "long", pa.bool_(): "boolean"}


OWN_KEYS = frozenset({"source", "nodes", "edges", "longest_path", "top_pagerank"})
"""What every `summary.json` of a graph says."""


WRITTEN = ("nodes.parquet", "edges.parquet", "graph.graphml", "graph.dot", "summary.json", "index.html")


def refuse_foreign(folder: Path) -> None:
    """Raises `UserError` where a file would be replaced that is of no earlier graph (by the `summary.json` there)."""
    if not folder.exists() or (folder.is_dir() and not any((folder / name).exists() for name in WRITTEN)):
        return
    try:
        said = read_json((folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or not said.keys() >= OWN_KEYS:
        raise UserError(f"{folder} holds what no graph of ours wrote: give another --out")


def write_files(graph: nx.MultiDiGraph[str], values: Mapping[str, Measures], folder: Path) -> list[Path]:
    """Write `nodes.parquet`, `edges.parquet`, `graph.graphml` and `graph.dot`; returns the paths."""
    paths = [folder / name for name in WRITTEN[:4]]
    nodes, edges, graphml, drawing = paths
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(node_table(graph, values), nodes, compression="zstd")
        pq.write_table(edge_table(graph), edges, compression="zstd")
        _write_lines(graphml_lines(graph), graphml)
        _write_lines(dot_lines(graph), drawing)
    except OSError as error:
        raise OutsideError(f"cannot write the graph to {folder}: {error.strerror or error}") from error
    return paths


def _write_lines(lines: Iterable[str], file: Path) -> None:
    with file.open("w", encoding="utf-8", errors="replace") as stream:
        stream.writelines(f"{line}\n" for line in lines)


def node_table(graph: nx.MultiDiGraph[str], values: Mapping[str, Measures]) -> pa.Table:
    """One row per node with its measures; nodes outside the graph of uses have null measures."""
    nodes: list[tuple[str, dict[str, Any]]] = list(graph.nodes.items())

    def measure(name: str) -> list[Any]:
        return [getattr(values[node], name) if node in values else None for node, _ in nodes]

    return pa.table(
        {
            "node": pa.array([node for node, _ in nodes], pa.string()),
            **{name: pa.array([data.get(name) for _, data in nodes], of) for name, of in _NODE_COLUMNS.items()},
            "origins": pa.array([(data.get("origins") or "").splitlines() for _, data in nodes], pa.list_(pa.string())),
            **{name: pa.array(measure(name), pa.int64()) for name in ("in_degree", "out_degree", "component", "depth")},
            "pagerank": pa.array(measure("pagerank"), pa.float64()),
        }
    )


def edge_table(graph: nx.MultiDiGraph[str]) -> pa.Table:
    edges: list[tuple[str, str, dict[str, Any]]] = list(graph.edges(data=True))
    return pa.table(
        {
            "source": pa.array([source for source, _, _ in edges], pa.string()),
            "target": pa.array([target for _, target, _ in edges], pa.string()),
            **{name: pa.array([data.get(name) for _, _, data in edges], of) for name, of in _EDGE_COLUMNS.items()},
        }
    )


def graphml_lines(graph: nx.MultiDiGraph[str]) -> Iterable[str]:
    """The graph in GraphML as networkx reads it; the id of an edge is its key. Proofs are in the tables alone."""
    nodes = {name: _XML_TYPES[of] for name, of in _NODE_COLUMNS.items() if name != "proof"} | {"origins": "string"}
    edges = {name: _XML_TYPES[of] for name, of in _EDGE_COLUMNS.items()}
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
    for domain, columns in (("node", nodes), ("edge", edges)):
        for name, of in columns.items():
            yield f'<key id="{domain}_{name}" for="{domain}" attr.name="{name}" attr.type="{of}"/>'
    yield '<graph edgedefault="directed">'
    quoted = {node: quoteattr(writable(node)) for node in graph}
    for node, data in graph.nodes(data=True):
        yield f"<node id={quoted[node]}>{_data('node', data, nodes)}</node>"
    rest: dict[tuple[Any, ...], str] = {}  # few edges differ in more than their ends
    for source, target, key, data in graph.edges(keys=True, data=True):
        said = (key, *data.values())
        if said not in rest:
            rest[said] = f"id={quoteattr(str(key))}>{_data('edge', data, edges)}</edge>"
        yield f"<edge source={quoted[source]} target={quoted[target]} {rest[said]}"
    yield "</graph></graphml>"


def _data(domain: str, data: Mapping[str, Any], columns: Mapping[str, str]) -> str:
    parts: list[str] = []
    for name, value in data.items():
        if name in columns and value is not None:
            text = escape(writable(value)) if isinstance(value, str) else json.dumps(value)
            parts.append(f'<data key="{domain}_{name}">{text}</data>')
    return "".join(parts)


_SHAPES = {"lemma": "ellipse", "problem": "box", "definition": "hexagon", "request": "diamond"}
_STYLES = {"proof_uses": "solid", "statement_uses": "dotted", "evolved_from": "dashed"}


def dot(graph: nx.MultiDiGraph[str]) -> str:
    """The graph in Graphviz's language."""
    return "\n".join([*dot_lines(graph), ""])


def dot_lines(graph: nx.MultiDiGraph[str]) -> Iterable[str]:
    quoted = {node: json.dumps(node, ensure_ascii=False) for node in graph}
    yield "digraph lemmas {"
    yield "  rankdir=LR;"
    for node, data in graph.nodes(data=True):
        label = json.dumps(data["name"], ensure_ascii=False)
        yield f"  {quoted[node]} [label={label}, shape={_SHAPES.get(data['kind'], 'ellipse')}];"
    for source, target, data in graph.edges(data=True):
        kind = data["kind"]
        yield f"  {quoted[source]} -> {quoted[target]} [label={json.dumps(kind)}, style={_STYLES.get(kind, 'dashed')}];"
    yield "}"
