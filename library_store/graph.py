"""The dependency graph of a library as a `networkx.MultiDiGraph`.

A node is a lemma (its id), or `problem:NAME`, `definition:ID`, `request:ID`. An edge leads from what uses, asks for or
comes from something to that thing; its key is its kind, and the three kinds `retrieved`, `mentioned` and `proof_uses`
are never mixed (design, invariant 8). Several rows of one kind between two nodes are one edge with a `count`.
"""

from __future__ import annotations

from collections.abc import Collection

import networkx as nx

from library_store.dependencies.files import writable
from library_store.library import Library
from library_store.schema import NodeKind
from library_store.snapshot import Tables


def node_of(kind: NodeKind, identity: str) -> str:
    """The node's name in the graph."""
    return identity if kind == "lemma" else f"{kind}:{writable(identity)}"


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
        graph.add_node(
            node_of("definition", row["id"]), kind="definition", name=writable(row["name"]), round=row["round"]
        )
    for row in tables.rows("problems"):
        graph.add_node(
            node_of("problem", row["id"]),
            kind="problem",
            name=writable(row["name"]),
            round=row["round"],
            status=row["status"],
        )
    for row in tables.rows("requests"):
        if row["origin_kind"] == "definitions" and row["status"] == "open":
            continue  # a conjecture that nothing rests on
        graph.add_node(
            node_of("request", row["id"]), kind="request", name=writable(row["statement"]), round=row["born"]
        )
    for row in tables.rows("lemmas"):
        graph.add_node(
            row["id"],
            kind="lemma",
            name=writable(row["name"]) or f"l{row['id'][:16]}",
            round=row["born"],
            statement=writable(row["statement"]),
            operator=row["operator"],
            origins=writable("\n".join(row["origins"])),
            retired=row["retired_by"] is not None,
        )
    for row in tables.rows("edges"):
        kind = row["kind"]
        if kinds is not None and kind not in kinds:
            continue
        ends = [(row["source_kind"], row["source"]), (row["target_kind"], row["target"])]
        for end_kind, identity in ends:
            if node_of(end_kind, identity) not in graph:
                graph.add_node(node_of(end_kind, identity), kind=end_kind, name=writable(identity), round=row["round"])
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
