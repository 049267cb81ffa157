"""Every analysis on arrays gives what networkx gives, on random graphs with and without cycles."""

from __future__ import annotations

import random
from typing import TypeAlias

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from library_store.dependencies import reach
from library_store.dependencies.communities import communities
from library_store.dependencies.measures import measures
from library_store.dependencies.reach import breaks, closure, transitive_reduction
from library_store.dependencies.structure import articulation, betweenness, cores
from library_store.dependencies.uses import Uses

Graphs: TypeAlias = "nx.DiGraph[str] | nx.MultiDiGraph[str]"


@st.composite
def graphs(draw: st.DrawFn, *, acyclic: bool = False) -> Graphs:
    """Graphs whose nodes are not in alphabetical order, some with parallel edges and loops."""
    size = draw(st.integers(1, 25))
    chance = random.Random(draw(st.integers()))
    graph: Graphs = draw(st.sampled_from([nx.DiGraph, nx.MultiDiGraph]))()
    nodes = [str(number) for number in chance.sample(range(size), size)]
    graph.add_nodes_from(nodes)
    for _ in range(draw(st.integers(0, 60))):
        a, b = sorted(chance.choices(range(size), k=2))
        if acyclic and a == b:
            continue
        graph.add_edge(nodes[a], nodes[b]) if acyclic or chance.random() < 0.7 else graph.add_edge(nodes[b], nodes[a])
    return graph


def simple(graph: Graphs) -> nx.DiGraph[str]:
    return nx.DiGraph(graph)


def plain(graph: Graphs) -> nx.Graph[str]:
    found: nx.Graph[str] = nx.Graph(graph)
    found.remove_edges_from(list(nx.selfloop_edges(found)))
    return found


@given(graphs(), st.integers(1, 25), st.integers(0, 9))
@settings(deadline=None, max_examples=60)
def test_betweenness_is_that_of_networkx_from_the_same_sources(graph: Graphs, samples: int, seed: int) -> None:
    ours = betweenness(graph, samples, seed)
    theirs = nx.betweenness_centrality(simple(graph), k=min(samples, len(graph)), seed=seed)
    assert ours == pytest.approx(theirs, nan_ok=True)


@given(graphs(acyclic=True))
@settings(deadline=None, max_examples=60)
def test_the_transitive_reduction_is_that_of_networkx(graph: Graphs) -> None:
    ours, theirs = transitive_reduction(graph), nx.transitive_reduction(simple(graph))
    assert set(ours) == set(theirs)
    assert set(ours.edges()) == set(theirs.edges())
    assert reach.reach(graph).superfluous == simple(graph).number_of_edges() - theirs.number_of_edges()


@given(graphs())
@settings(deadline=None, max_examples=60)
def test_a_reduction_of_a_graph_with_cycles_keeps_what_reaches_what(graph: Graphs) -> None:
    reduced = transitive_reduction(graph)
    whole = nx.condensation(simple(graph))
    least = {number: min(data["members"]) for number, data in whole.nodes(data=True)}
    assert set(reduced) == set(least.values())
    for number, node in least.items():
        assert nx.descendants(reduced, node) == {least[other] for other in nx.descendants(whole, number)}


@given(graphs())
@settings(deadline=None, max_examples=60)
def test_what_rests_on_a_node_and_what_it_rests_on_are_counted_and_listed(graph: Graphs) -> None:
    found = reach.reach(graph)
    for number, node in enumerate(graph):
        above, below = nx.ancestors(simple(graph), node), nx.descendants(simple(graph), node)
        assert (found.users[number], found.used[number]) == (len(above), len(below))
        assert (set(breaks(graph, node)), set(closure(graph, node))) == (above, below)


def test_columns_in_several_blocks_are_the_same_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(5)
    graph: nx.DiGraph[str] = nx.DiGraph()
    for _ in range(1500):
        a, b = sorted(chance.choices(range(300), k=2))
        if a != b:
            graph.add_edge(str(a), str(b))
    monkeypatch.setattr(reach, "_WORDS", 1)
    monkeypatch.setattr(reach, "_ROWS", 7)
    assert set(transitive_reduction(graph).edges()) == set(nx.transitive_reduction(graph).edges())
    assert reach.reach(graph).users.tolist() == [len(nx.ancestors(graph, node)) for node in graph]


@given(graphs())
@settings(deadline=None, max_examples=60)
def test_articulation_lemmas_and_cores_are_those_of_networkx(graph: Graphs) -> None:
    assert articulation(graph) == sorted(nx.articulation_points(plain(graph)))
    assert cores(graph) == nx.core_number(plain(graph))


@given(graphs())
@settings(deadline=None, max_examples=60)
def test_components_are_those_of_networkx(graph: Graphs) -> None:
    uses = Uses.of(graph)
    by_cycle: dict[int, set[str]] = {}
    for node, part in zip(uses.nodes, uses.cycles.tolist(), strict=True):
        by_cycle.setdefault(part, set()).add(node)
    assert sorted(map(sorted, by_cycle.values())) == sorted(map(sorted, nx.strongly_connected_components(graph)))
    islands: dict[int, set[str]] = {}
    for node, values in measures(graph).items():
        islands.setdefault(values.component, set()).add(node)
    parts = sorted(nx.weakly_connected_components(graph), key=lambda part: (-len(part), min(part)))
    assert [islands[number] for number in sorted(islands)] == parts


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_communities_are_as_good_as_those_of_louvain_and_the_same_for_the_same_seed(seed: int) -> None:
    planted = nx.planted_partition_graph(8, 30, 0.3, 0.01, seed=seed, directed=True)
    graph = nx.relabel_nodes(planted, {node: str(node) for node in planted})
    found = communities(graph, seed)
    assert communities(graph, seed) == found
    assert sorted(node for group in found for node in group) == sorted(graph)
    reference = nx.community.louvain_communities(graph.to_undirected(), seed=seed)
    ours, theirs = (nx.community.modularity(graph.to_undirected(), groups) for groups in (found, reference))
    assert ours >= theirs - 0.02


def test_communities_of_what_is_not_linked_are_single_nodes() -> None:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from("abc")
    assert communities(graph, 0) == [["a"], ["b"], ["c"]]
    assert communities(nx.DiGraph(), 0) == []
