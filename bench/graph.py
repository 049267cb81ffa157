"""The analyses of `library_store` against networkx alone, on LeanDojo Benchmark 4.

    pip download --no-binary lean-dojo --no-deps lean-dojo==4.20.0
    python bench/graph.py --leandojo lean_dojo-4.20.0.tar.gz --json graph.json

Both sides get the graph by name as a `networkx.DiGraph` (and networkx its undirected form, where it wants that), made
beforehand. Seconds are CPU seconds of this process; of ours the median of three, each with its share of the conversion
of the graph to arrays, which a report does once for all analyses. `leandojo_seconds` is the wall time of
`python -m pipeline graph leandojo:PATH`, reading and writing included, `leandojo_cpu_seconds` what its two processes
took together. Without `--leandojo` the graph is a small random one, and nothing is said about LeanDojo.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import networkx as nx

from bench.clock import Meter, Spent, spent
from bench.script import REPOSITORY, Row, command_line, ended, machine, tell
from library_store.dependencies.communities import communities
from library_store.dependencies.measures import components, levels, longest_path, ranks
from library_store.dependencies.reach import reach, transitive_reduction
from library_store.dependencies.structure import articulation, betweenness, cores
from library_store.dependencies.uses import Uses

NODES, EDGES = 5_000, 16_000
"""The size of the random graph; chains are long in it, so networkx would take hours at the size of LeanDojo's."""
SOURCES = 200
"""Of sampled betweenness."""
REPEATS = 3


class Analysis(NamedTuple):
    """One analysis by both sides; networkx gets the directed graph or, if `undirected`, the other."""

    name: str
    ours: Callable[[Uses], object]
    theirs: Callable[[Any], object]
    undirected: bool = False


def analyses(seed: int) -> list[Analysis]:
    return [
        Analysis(
            "degrees",
            lambda u: (u.upward.degrees, u.downward.degrees),
            lambda g: (dict(g.in_degree), dict(g.out_degree)),
        ),
        Analysis("PageRank", ranks, lambda g: nx.pagerank(g, alpha=0.85, tol=1e-10, max_iter=500)),
        Analysis("weak components", components, lambda g: list(nx.weakly_connected_components(g))),
        Analysis("strong components", lambda u: u.cycles, lambda g: list(nx.strongly_connected_components(g))),
        Analysis("depth of every node", lambda u: levels(u.condensed)[u.cycles], _depths),
        Analysis("critical path", longest_path, lambda g: nx.dag_longest_path(nx.condensation(g))),
        Analysis(
            f"betweenness, {SOURCES} sources",
            lambda u: betweenness(u, SOURCES, seed),
            lambda g: nx.betweenness_centrality(g, k=SOURCES, seed=seed),
        ),
        Analysis("transitive reduction", transitive_reduction, nx.transitive_reduction),
        Analysis("transitive users of every node", reach, lambda g: {node: len(nx.ancestors(g, node)) for node in g}),
        Analysis("articulation lemmas", articulation, lambda g: list(nx.articulation_points(g)), undirected=True),
        Analysis("cores", cores, nx.core_number, undirected=True),
        Analysis(
            "communities",
            lambda u: communities(u, seed),
            lambda g: nx.community.louvain_communities(g, seed=seed),
            undirected=True,
        ),
    ]


def _depths(graph: nx.DiGraph[str]) -> dict[str, int]:
    links = nx.condensation(graph)
    depth: dict[int, int] = {}
    for node in reversed(list(nx.topological_sort(links))):
        depth[node] = max((depth[used] + 1 for used in links.successors(node)), default=0)
    return {member: depth[node] for node in links for member in links.nodes[node]["members"]}


def random_graph(seed: int) -> nx.DiGraph[str]:
    """Each node uses some earlier ones, those most that are used already."""
    chance = random.Random(seed)
    graph: nx.DiGraph[str] = nx.DiGraph()
    ends = [0]
    while graph.number_of_edges() < EDGES:
        user = chance.randrange(1, NODES)
        used = chance.choice(ends) if chance.random() < 0.5 else chance.randrange(user)
        if used < user:
            graph.add_edge(str(user), str(used))
            ends.append(used)
    return graph


def leandojo_graph(path: Path) -> nx.DiGraph[str]:
    from datasets.leandojo import read_leandojo
    from datasets.leandojo_graphs import by_name

    return nx.DiGraph(by_name(read_leandojo(path)))


def compare(graph: nx.DiGraph[str], seed: int) -> list[Row]:
    undirected: nx.Graph[str] = nx.Graph(graph)
    chosen = analyses(seed)
    converting = statistics.median(spent(lambda: Uses.of(graph)).cpu for _ in range(REPEATS))
    uses = Uses.of(graph)
    rows: list[Row] = []
    for one in chosen:
        runs = [spent(lambda one=one: one.ours(Uses(uses.nodes, uses.users, uses.used))).cpu for _ in range(REPEATS)]
        ours = statistics.median(runs) + converting / len(chosen)
        theirs = spent(lambda one=one: one.theirs(undirected if one.undirected else graph)).cpu
        row = {"analysis": one.name, "ours": round(ours, 4), "networkx": round(theirs, 4)}
        rows.append(row | {"ratio": round(theirs / ours, 2)})
        print(f"{one.name}: {theirs / ours:.1f}", file=sys.stderr, flush=True)
    print(f"conversion to arrays, once: {converting:.3f} s")
    return rows


def command_seconds(path: Path) -> Spent:
    """What `graph` takes for LeanDojo's files, its processes together."""

    def children() -> float:
        told = os.times()
        return told.children_user + told.children_system

    meter = Meter(children)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pipeline", "graph", f"leandojo:{path.resolve()}", "--out", folder, "--json"]
        meter.run(lambda: subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, check=True))
    return meter.total


def modularities(graph: nx.DiGraph[str], seed: int) -> dict[str, float]:
    """Of each side's communities by networkx's measure, since a faster method may find worse ones."""
    undirected: nx.Graph[str] = nx.Graph(graph)
    found = {
        "ours": communities(Uses.of(graph), seed),
        "networkx": nx.community.louvain_communities(undirected, seed=seed),
    }
    return {side: round(nx.community.modularity(undirected, groups), 4) for side, groups in found.items()}


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--leandojo", type=Path, help="lean_dojo-4.20.0.tar.gz or its unpacked folder")
    options = parser.parse_args()
    where, path = machine(f"networkx {nx.__version__}"), options.leandojo
    graph = random_graph(options.seed) if path is None else leandojo_graph(path)
    kind = "random graph" if path is None else "LeanDojo by name"
    print(f"{kind}: {len(graph)} nodes, {graph.number_of_edges()} edges")
    rows = compare(graph, options.seed)
    quality = modularities(graph, options.seed)
    print(f"modularity of the communities: ours {quality['ours']:.3f}, networkx {quality['networkx']:.3f}")
    headline = {"ratio_vs_networkx": round(statistics.geometric_mean(row["ratio"] for row in rows), 2)}
    if path is not None:
        cost = command_seconds(path)
        headline |= {"leandojo_seconds": round(cost.wall, 1), "leandojo_cpu_seconds": round(cost.cpu, 1)}
    columns = {"analysis": "{analysis}", "ours s": "{ours:.3f}", "networkx s": "{networkx:.3f}", "ratio": "{ratio:.1f}"}
    tell(options, where, rows, headline, columns, modularity=quality)


if __name__ == "__main__":
    sys.exit(ended(main))
