"""The graph, its measures and its files say what the tables say."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from library_store import analysis, snapshot
from library_store.admission import Proposal
from library_store.dependencies import measures
from library_store.dependencies.files import dot, write_files
from library_store.graph import lemma_graph
from library_store.library import Library
from library_store.tables import manifests
from pipeline.__main__ import main
from tests.library_store import samples
from tests.library_store.samples import AUDITED, attempt, lemma, opened, sha

ROOT = Path(__file__).parents[2]
A, B, C = sha("lemma a"), sha("lemma b"), sha("lemma c")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    samples.three_rounds(folder)
    return folder


# ------------------------------------------------------------------------------------------------------------- counts


def test_the_counts_of_every_manifest_can_be_recomputed_from_the_tables(finished: Path) -> None:
    for manifest in manifests(finished):
        assert dict(manifest.counts) == analysis.counts(snapshot.read(finished, manifest.round))


def test_the_counts_are_these(finished: Path) -> None:
    assert manifests(finished)[2].counts == {
        "problems": 4,
        "solved": 3,
        "refuted": 0,
        "solved_with_library": 2,
        "lemmas": 2,
        "lemmas_retired": 1,
        "lemmas_rechecked": 0,
        "lemmas_rediscovered": 0,
        "solved_with_rediscovered": 0,
        "lemmas_used": 2,
        "lemmas_used_abroad": 1,
        "lemmas_used_abroad_twice": 1,
        "attempts": 3,
        "tokens": 45,
        "cpu_seconds": 5.0,
        "seconds": 60.0,
    }


def test_use_at_home_is_use_and_not_reuse(finished: Path) -> None:
    reuse = analysis.reuse(snapshot.read(finished))
    assert reuse.users == {B: ("prop_2", "prop_3"), C: ("prop_3",)}
    assert reuse.foreign_users == {B: ("prop_2", "prop_3")}


def test_retrieved_and_mentioned_are_never_use(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.insert(lemma("a"), AUDITED)
        library.add_attempt(
            attempt("t", "prop_2", retrieved=(A,), mentioned=(A,), uses=(A,), verdict="accepted", reason="proved")
        )
        library.set_problem("prop_2", "proved", proof="auto.")
        library.snapshot()
    tables = snapshot.read(tmp_path)
    assert analysis.reuse(tables).users == {}
    assert analysis.counts(tables)["solved_with_library"] == 0


def test_a_lemma_without_origin_comes_from_the_first_problem_that_uses_it(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.insert(lemma("a", origins=()), AUDITED)
        library.set_problem("prop_3", "proved", uses=[A])
        library.snapshot()
        library.set_problem("prop_1", "proved", uses=[A])
        library.snapshot()
    assert analysis.reuse(snapshot.read(tmp_path, 1)).solved_with_library == ()
    assert analysis.origins(snapshot.read(tmp_path))[A] == ("prop_3",)
    assert analysis.reuse(snapshot.read(tmp_path)).solved_with_library == ("prop_1",)


def test_a_proof_that_was_replaced_by_a_shorter_one_needs_what_the_shorter_one_needs(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.insert(lemma("a"), AUDITED)
        library.set_problem("prop_2", "proved", uses=[A])
        library.set_problem("prop_2", "proved", uses=[])
        library.snapshot()
    assert analysis.needs(snapshot.read(tmp_path)) == {"prop_2": ()}


def test_a_problem_cannot_be_proved_with_an_unknown_lemma(tmp_path: Path) -> None:
    with opened(tmp_path) as library, pytest.raises(ValueError, match="a lemma that the library lacks"):
        library.set_problem("prop_1", "proved", uses=["nobody"])


def test_growth_adds_up_to_the_counts(finished: Path) -> None:
    growth = analysis.growth(snapshot.read(finished))
    assert [entry.lemmas for entry in growth] == [2, 1, 0]
    assert [entry.solved for entry in growth] == [1, 1, 1]
    assert [entry.retired for entry in growth] == [0, 0, 1]
    assert [entry.round for entry in growth] == [1, 2, 3]


def test_a_run_that_begins_with_lemmas_grows_from_round_0(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.insert_many([Proposal(lemma("a"), AUDITED, imported=True)])
        library.insert(lemma("b"), AUDITED)
        library.snapshot()
    assert [(entry.round, entry.lemmas) for entry in analysis.growth(snapshot.read(tmp_path))] == [(0, 1), (1, 1)]


def test_where_nothing_is_used_nothing_is_said_to_be_used_most(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(tmp_path) as library:
        library.insert_many([Proposal(lemma("a"), AUDITED), Proposal(lemma("b"), AUDITED)])
        library.snapshot()
    assert main(["graph", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert ", 0 uses in proofs" in said
    assert "PageRank" not in said
    assert "<h3>" not in (tmp_path / "graph" / "index.html").read_text()


# -------------------------------------------------------------------------------------------------------------- graph


def test_every_row_of_edges_is_an_edge_of_its_kind(finished: Path) -> None:
    for number in (1, 2, 3):
        tables = snapshot.read(finished, number)
        graph = lemma_graph(tables)
        rows = Counter(row["kind"] for row in tables.rows("edges"))
        edges: Counter[str] = Counter()
        for _, _, key, data in graph.edges(keys=True, data=True):
            assert key == data["kind"]
            edges[key] += data["count"]
        assert edges == rows
        assert len(graph) == sum(
            tables.table(name).num_rows for name in ("lemmas", "problems", "definitions", "requests")
        )


def test_an_open_library_has_the_graph_of_the_round_under_way(tmp_path: Path) -> None:
    samples.three_rounds(tmp_path)
    with Library(tmp_path) as library:
        library.insert(lemma("d", uses=(B,)), AUDITED)
        graph = lemma_graph(library.at_round(library.round), kinds={"proof_uses"})
        assert graph.has_edge(sha("lemma d"), B, "proof_uses")
        assert {data["kind"] for _, _, data in graph.edges(data=True)} == {"proof_uses"}


def random_graph(seed: int, nodes: int, edges: int, acyclic: bool) -> nx.DiGraph[str]:
    chance = random.Random(seed)
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(str(n) for n in range(nodes))
    for _ in range(edges):
        a, b = chance.randrange(nodes), chance.randrange(nodes)
        if a != b:
            graph.add_edge(*map(str, (max(a, b), min(a, b)) if acyclic else (a, b)))
    return graph


@given(st.integers(), st.integers(1, 30), st.integers(0, 60))
@settings(max_examples=30, deadline=None)
def test_measures_equal_networkx_and_the_linear_system(seed: int, nodes: int, edges: int) -> None:
    graph = random_graph(seed, nodes, edges, acyclic=False)
    measured = measures.measures(graph)
    rank = {node: values.pagerank for node, values in measured.items()}
    assert rank == pytest.approx(nx.pagerank(graph, alpha=0.85, tol=1e-12, max_iter=1000), abs=1e-6)
    order = list(graph)
    step = np.zeros((nodes, nodes))
    for column, node in enumerate(order):
        used = list(graph.successors(node)) or order
        for other in used:
            step[order.index(other), column] = 1 / len(used)
    solved = np.linalg.solve(np.eye(nodes) - 0.85 * step, np.full(nodes, 0.15 / nodes))
    assert [rank[node] for node in order] == pytest.approx(list(solved), abs=1e-6)
    assert len({values.component for values in measured.values()}) == nx.number_weakly_connected_components(graph)
    assert all((v.in_degree, v.out_degree) == (graph.in_degree(n), graph.out_degree(n)) for n, v in measured.items())


@given(st.integers(), st.integers(1, 30), st.integers(0, 60))
@settings(max_examples=30, deadline=None)
def test_the_longest_path_is_that_of_networkx(seed: int, nodes: int, edges: int) -> None:
    graph = random_graph(seed, nodes, edges, acyclic=True)
    path = measures.longest_path(graph)
    assert len(path) - 1 == nx.dag_longest_path_length(graph, default_weight=1)
    assert all(graph.has_edge(a, b) for a, b in itertools.pairwise(path))
    assert max(values.depth for values in measures.measures(graph).values()) == len(path) - 1


def test_a_cycle_does_not_stop_the_analysis() -> None:
    graph: nx.DiGraph[str] = nx.DiGraph([("a", "b"), ("b", "a"), ("b", "c")])
    assert measures.longest_path(graph) == ["a", "c"]


# -------------------------------------------------------------------------------------------------------------- files


class Tags(HTMLParser):
    """Which tags a page has, and what it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.loads += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_command_writes_every_file_and_prints_the_promised_keys(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["graph", str(finished), "--out", str(tmp_path), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert {
        "nodes",
        "edges",
        "sources",
        "targets",
        "components",
        "longest_path",
        "top_in_degree",
        "top_pagerank",
        "seconds",
    } <= set(printed)
    assert (printed["nodes"], printed["edges"], printed["longest_path"]) == (7, 4, 2)
    assert printed["top_in_degree"][0] == ["b", 2]
    assert json.loads((tmp_path / "summary.json").read_text()) == printed
    whole = nx.read_graphml(tmp_path / "graph.graphml", force_multigraph=True)
    nodes, edges = pq.read_table(tmp_path / "nodes.parquet"), pq.read_table(tmp_path / "edges.parquet")
    assert (whole.number_of_nodes(), whole.number_of_edges()) == (nodes.num_rows, edges.num_rows)
    assert whole.nodes[A]["retired"] is True
    page = Tags()
    page.feed((tmp_path / "index.html").read_text())
    assert [load for load in page.loads if not load.startswith(("#", "data:"))] == []
    _, *sections = re.split(r"<h2>(\w+)</h2>", (tmp_path / "index.html").read_text())
    drawn = dict(zip(sections[::2], sections[1::2], strict=True))
    circles = {title: text.count("<circle") for title, text in drawn.items()}
    assert circles["Uses"] == 5, "what uses or is used is drawn"
    assert drawn["Uses"].count("<path") == 4
    assert circles["Evolution"] == 3, "every lemma is in the forest"
    assert drawn["Evolution"].count("<path") == 1
    assert circles["Communities"] == 2
    assert printed["top_transitive_users"][0] == ["a", 3]


def test_an_earlier_round_is_read_as_it_was_then(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["graph", str(finished), "--out", str(tmp_path), "--at-round", "1"]) == 0
    assert capsys.readouterr().out.startswith("round 1: 6 lemmas and problems, 1 uses in proofs")


@pytest.mark.parametrize(
    ("source", "more", "says"),
    [
        ("leandjo:lean-dojo.tar.gz", [], "leandjo: is no kind of source"),
        ("leandojo:", [], "names no path"),
        ("leandojo:nowhere.tar.gz", [], "there is nothing at nowhere.tar.gz"),
        ("leandojo:docs", [], "has no leandojo_benchmark_4/corpus.jsonl"),
        ("leandojo:README.md", [], "not a whole archive"),
        ("leandojo:docs", ["--at-round", "1"], "has no rounds"),
        ("nowhere", [], "nowhere is not a directory"),
        (".", [], "has no finished round"),
        ("RUN", ["--at-round", "9"], "has rounds 1 to 3, not 9"),
    ],
)
def test_what_cannot_be_read_is_one_line_and_exit_code_2(
    finished: Path,
    source: str,
    more: list[str],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["graph", str(finished) if source == "RUN" else source, *more]) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert len(printed.err.strip().splitlines()) == 1
    assert printed.out == ""


def test_texts_of_problems_cannot_break_the_files(tmp_path: Path) -> None:
    evil = '<script>alert("1")</script>\x01\n"]; x'
    with opened(tmp_path / "run") as library:
        library.insert(replace(lemma("a"), name=evil, statement=evil, origins=(evil,)), AUDITED)
        library.add_problems([samples.problem(evil)])
        library.insert(lemma("b", uses=(A,)), AUDITED)
        library.snapshot()
    assert main(["graph", str(tmp_path / "run"), "--out", str(tmp_path / "out")]) == 0
    page = Tags()
    page.feed((tmp_path / "out" / "index.html").read_text())
    assert page.tags["script"] == 3, "the page's own, the index and one block"
    assert "<script>alert" not in (tmp_path / "out" / "index.html").read_text()
    assert nx.read_graphml(tmp_path / "out" / "graph.graphml").nodes[A]["name"].startswith("<script>")
    lines = (tmp_path / "out" / "graph.dot").read_text().splitlines()
    assert all(line.endswith((";", "{", "}")) for line in lines)


def test_a_folder_is_written_again_if_it_is_an_earlier_graph_and_kept_if_it_is_not(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for out in ([], [], ["--out", str(tmp_path / "new")], ["--out", str(tmp_path / "new")]):
        assert main(["graph", str(finished), *out]) == 0
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("mine")
    (tmp_path / "note").write_text("mine")
    capsys.readouterr()
    for source in (str(finished), "lego:none.jsonl"):
        for name in ("site", "note"):
            assert main(["graph", source, "--out", str(tmp_path / name)]) == 2
            assert capsys.readouterr().err == (
                f"error: {tmp_path / name} holds what no graph of ours wrote: give another --out\n"
            )
    assert (tmp_path / "note").read_text() == "mine"
    assert main(["graph", str(finished), "--out", "/proc/x"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert [(file.name, file.read_text()) for file in (tmp_path / "site").iterdir()] == [("index.html", "mine")]


def test_an_empty_library_has_a_graph_and_files(tmp_path: Path) -> None:
    with Library(tmp_path / "run") as library:
        library.snapshot()
    graph = lemma_graph(snapshot.read(tmp_path / "run"))
    measured = measures.measures(measures.dependencies(graph))
    summary: dict[str, Any] = measures.summary(graph, measured)
    assert (summary["nodes"], summary["longest_path"], summary["top_pagerank"]) == (0, 0, [])
    assert write_files(graph, measured, tmp_path / "out")
    assert dot(graph).startswith("digraph")
