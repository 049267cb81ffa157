"""The findings about a library: what is open and worth proving, what looks alike, and where one lemma stands."""

from __future__ import annotations

from typing import Any

import networkx as nx

from library_store.dependencies.findings import bottlenecks, clusters, find, modularity, place, said
from library_store.dependencies.measures import measures, summary
from library_store.dependencies.uses import Uses

USES = [("goal", "step"), ("goal", "base"), ("step", "base"), ("other", "step"), ("base", "axiom")]
FILES = {"goal": "C.v", "other": "C.v", "step": "B.v", "base": "A.v", "axiom": "A.v"}


def library() -> nx.MultiDiGraph[str]:
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for node, file in FILES.items():
        graph.add_node(node, kind="lemma", name=node, statement=f"Lemma {node} : True.", file=file)
    for source, target in USES:
        graph.add_edge(source, target, "mentioned", kind="mentioned", count=1)
    return graph


def findings(graph: nx.MultiDiGraph[str]) -> dict[str, Any]:
    uses = Uses.of(graph)
    return find(graph, uses, measures(uses), 0).summary


def test_open_statements_are_ranked_by_what_rests_on_them() -> None:
    graph = library()
    graph.nodes["base"]["status"] = graph.nodes["step"]["status"] = "open"
    assert bottlenecks(graph, {"base": 3, "step": 2, "goal": 0}) == {"base": 3, "step": 2}
    assert findings(graph)["top_bottlenecks"] == [["base", 3], ["step", 2]]


def test_statements_that_say_the_same_are_a_cluster_whatever_their_name() -> None:
    assert said("@[simp]\ntheorem A.mul_x  (a : G) :\n  a = mul_x2", "N.mul_x") == "(a : G) : a = mul_x2"
    graph = library()
    graph.nodes["goal"]["statement"] = "Lemma goal :\n  False."
    assert clusters(graph) == [["axiom", "base", "other", "step"]]


def test_a_lemma_stands_between_what_it_needs_and_what_breaks_without_it() -> None:
    assert place(library(), "step") == {
        "name": "step",
        "statement": "Lemma step : True.",
        "uses": ["base"],
        "used_by": ["goal", "other"],
        "breaks": ["goal", "other"],
        "needs": ["base", "axiom"],
        "needs_files": [["A.v", 2]],
    }
    assert place(library(), "nowhere") is None


def test_the_files_that_a_proof_needs_come_in_the_order_of_their_needs() -> None:
    found = place(library(), "goal")
    assert found is not None
    assert found["needs_files"] == [["A.v", 2], ["B.v", 1]]


def test_the_summary_counts_what_the_graph_holds() -> None:
    found = findings(library())
    assert found["edges_of_transitive_reduction"] == 4, "goal reaches base through step"
    assert found["unused_lemmas"] == 2
    assert found["top_transitive_users"][:2] == [["axiom", 4], ["base", 3]]
    assert found["top_articulation"] == [["base", 2], ["step", 2]]
    assert found["look_alikes"] == {"clusters": 1, "members": 5}
    assert found["core"] == {"largest": 2, "members": 3}


def test_modularity_is_that_of_networkx() -> None:
    graph: nx.DiGraph[str] = nx.DiGraph(
        [("a", "b"), ("b", "c"), ("c", "a"), ("d", "e"), ("e", "f"), ("f", "d"), ("a", "d")]
    )
    groups = [["a", "b", "c"], ["d", "e", "f"]]
    theirs = nx.community.modularity(graph.to_undirected(), [set(group) for group in groups])
    assert abs(modularity(Uses.of(graph), groups) - theirs) < 1e-12


def test_a_graph_without_edges_has_findings() -> None:
    empty: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    assert findings(empty)["communities"]["count"] == 0
    assert summary(empty, {})["longest_path"] == 0
