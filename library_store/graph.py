"""The graph of a library as a `networkx.MultiDiGraph`: who uses, asks for or comes from what.

A node is a lemma (its id), or `problem:NAME`, `definition:ID`, `request:ID`. An edge leads from what uses, asks for or
comes from something to that thing; its key is its kind, and the three kinds `retrieved`, `mentioned` and `proof_uses`
are never mixed (design, invariant 8). Several edges of one kind between two nodes are one with a `count`.

The library keeps such a graph of its lemmas, its problems and what their proofs use now, and answers from it; the
`edges` table keeps every edge that there ever was, and `lemma_graph` is the graph of that.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

import networkx as nx

from library_store.schema import EdgeKind, NodeKind, Row
from library_store.tables import Tables

_UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML, and so GraphML, cannot hold."""


def writable(text: str) -> str:
    """The text without what GraphML cannot hold."""
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def node_of(kind: NodeKind, identity: str) -> str:
    """The node's name in the graph."""
    return identity if kind == "lemma" else f"{kind}:{writable(identity)}"


# ---------------------------------------------------------------------------------------------------------- building


def add_lemma(graph: nx.MultiDiGraph[str], row: Row) -> None:
    """The node of a row of `lemmas`, or what a later revision makes of it."""
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


def add_problem(graph: nx.MultiDiGraph[str], row: Row) -> None:
    """The node of a row of `problems`, or what a later revision makes of it."""
    node = node_of("problem", row["id"])
    graph.add_node(node, kind="problem", name=writable(row["name"]), round=row["round"], status=row["status"])


def link(
    graph: nx.MultiDiGraph[str], source: str, target: str, kind: EdgeKind, in_round: int, *, confirmed: bool = False
) -> None:
    """An edge between two nodes, or one more of its kind."""
    if graph.has_edge(source, target, kind):
        data = graph.edges[source, target, kind]
        data["count"] += 1
        data["confirmed"] |= confirmed
    else:
        graph.add_edge(source, target, kind, kind=kind, round=in_round, count=1, confirmed=confirmed)


def lemma_graph(tables: Tables, kinds: Collection[str] | None = None) -> nx.MultiDiGraph[str]:
    """The graph of a library.

    Args:
        tables: of a run.
        kinds: of the edges to take; None for all.

    Returns:
        Every node has `kind`, `name`, `round`; lemmas have `statement`, `operator`, `origins` (names, a line
        each), `retired`; problems have `status`. Every edge has `kind`, `round` (the first), `count` and `confirmed`.
    """
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(round=tables.round)
    for row in tables.each("definitions"):
        node = node_of("definition", row["id"])
        graph.add_node(node, kind="definition", name=writable(row["name"]), round=row["round"])
    for row in tables.each("problems"):
        add_problem(graph, row)
    for row in tables.each("requests"):
        if row["origin_kind"] == "definitions" and row["status"] == "open":
            continue  # a conjecture that nothing rests on
        node = node_of("request", row["id"])
        graph.add_node(node, kind="request", name=writable(row["statement"]), round=row["born"])
    for row in tables.each("lemmas"):
        add_lemma(graph, row)
    for row in tables.each("edges"):
        if kinds is not None and row["kind"] not in kinds:
            continue
        source = node_of(row["source_kind"], row["source"])
        target = node_of(row["target_kind"], row["target"])
        for end, node in (("source", source), ("target", target)):
            if node not in graph:
                graph.add_node(node, kind=row[f"{end}_kind"], name=writable(row[end]), round=row["round"])
        link(graph, source, target, row["kind"], row["round"], confirmed=row["confirmed"])
    return graph


# ------------------------------------------------------------------------------------------- what proofs rest on now


def set_uses(graph: nx.MultiDiGraph[str], node: str, uses: Iterable[str]) -> None:
    """A proof took the place of the node's earlier one, if there was any: it uses these lemmas and no others."""
    graph.remove_edges_from(list(graph.out_edges(node, keys=True)))
    for used in uses:
        graph.add_edge(node, used, "proof_uses", kind="proof_uses")


def users(graph: nx.MultiDiGraph[str], lemma_id: str) -> Iterator[str]:
    """The nodes whose proofs use a lemma."""
    return graph.predecessors(lemma_id) if lemma_id in graph else iter(())


def resting_on(graph: nx.MultiDiGraph[str], lemma_ids: Iterable[str]) -> set[str]:
    """The nodes whose proofs use one of these lemmas, or a lemma whose proof does, and so on."""
    return set[str]().union(*(nx.ancestors(graph, one) for one in lemma_ids if one in graph))


def closure(graph: nx.MultiDiGraph[str], lemma_ids: Iterable[str]) -> list[str]:
    """These lemmas and all that their proofs use, each after those it uses."""
    found: dict[str, None] = {}
    for one in lemma_ids:
        if one not in found:
            found |= dict.fromkeys(nx.dfs_postorder_nodes(graph, one))
    return list(found)
