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

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import networkx as nx

from library_store.dependencies.communities import communities
from library_store.dependencies.measures import components, levels, longest_path, ranks
from library_store.dependencies.reach import reach, transitive_reduction
from library_store.dependencies.structure import articulation, betweenness, cores
from library_store.dependencies.uses import Uses

ROOT = Path(__file__).resolve().parents[1]
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


def seconds(work: Callable[..., object], *arguments: object) -> float:
    began = time.process_time()
    work(*arguments)
    return time.process_time() - began


def compare(graph: nx.DiGraph[str], seed: int) -> list[dict[str, Any]]:
    undirected: nx.Graph[str] = nx.Graph(graph)
    chosen = analyses(seed)
    converting = statistics.median(seconds(Uses.of, graph) for _ in range(REPEATS))
    uses = Uses.of(graph)
    rows: list[dict[str, Any]] = []
    print(f"{'analysis':34}{'ours s':>10}{'networkx s':>12}{'ratio':>8}")
    for one in chosen:
        runs = [seconds(one.ours, Uses(uses.nodes, uses.users, uses.used)) for _ in range(REPEATS)]
        ours = statistics.median(runs) + converting / len(chosen)
        theirs = seconds(one.theirs, undirected if one.undirected else graph)
        rows.append(
            {
                "analysis": one.name,
                "ours": round(ours, 4),
                "networkx": round(theirs, 4),
                "ratio": round(theirs / ours, 2),
            }
        )
        print(f"{one.name:34}{ours:10.3f}{theirs:12.3f}{theirs / ours:8.1f}", flush=True)
    print(f"{'conversion to arrays, once':34}{converting:10.3f}")
    return rows


class Spent(NamedTuple):
    wall: float
    cpu: float


def command_seconds(path: Path) -> Spent:
    with tempfile.TemporaryDirectory() as folder:
        began, before = time.perf_counter(), os.times()
        command = [sys.executable, "-m", "pipeline", "graph", f"leandojo:{path.resolve()}", "--out", folder, "--json"]
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        after = os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        return Spent(time.perf_counter() - began, cpu)


def modularities(graph: nx.DiGraph[str], seed: int) -> dict[str, float]:
    """Of each side's communities by networkx's measure, since a faster method may find worse ones."""
    undirected: nx.Graph[str] = nx.Graph(graph)
    found = {
        "ours": communities(Uses.of(graph), seed),
        "networkx": nx.community.louvain_communities(undirected, seed=seed),
    }
    return {side: round(nx.community.modularity(undirected, groups), 4) for side, groups in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leandojo", type=Path, help="lean_dojo-4.20.0.tar.gz or its unpacked folder")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the rows and the headline here")
    arguments = parser.parse_args()
    path: Path | None = arguments.leandojo
    graph = random_graph(arguments.seed) if path is None else leandojo_graph(path)
    print(
        f"{'random graph' if path is None else 'LeanDojo by name'}: {len(graph)} nodes, {graph.number_of_edges()} edges"
    )
    rows = compare(graph, arguments.seed)
    quality = modularities(graph, arguments.seed)
    print(f"modularity of the communities: ours {quality['ours']:.3f}, networkx {quality['networkx']:.3f}")
    headline = {"ratio_vs_networkx": round(statistics.geometric_mean(row["ratio"] for row in rows), 2)}
    if path is not None:
        spent = command_seconds(path)
        headline |= {"leandojo_seconds": round(spent.wall, 1), "leandojo_cpu_seconds": round(spent.cpu, 1)}
    for name, value in headline.items():
        print(f"{name}: {value}")
    if arguments.json is not None:
        python = f"Python {platform.python_version()}, networkx {nx.__version__}"
        machine = f"{os.cpu_count()} {platform.machine()} cores, {python}"
        result = {
            "machine": machine,
            "seed": arguments.seed,
            "rows": rows,
            "modularity": quality,
            "headline": headline,
        }
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
