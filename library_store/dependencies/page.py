"""One self-contained HTML page about a graph of lemmas: its figures, a table of all nodes, a page for each lemma.

The page loads nothing and holds everything: names, numbers and edges in one packed block, statements and proofs in
blocks that are unpacked when somebody looks at one of their lemmas. So it opens at once with 100,000 lemmas too. Every
text that comes from a problem or a prover is escaped, or packed and shown as text.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx

from library_store.analysis import Growth
from library_store.dependencies.drawing import community_map, forest_drawing, uses_drawing
from library_store.dependencies.lineage import Forest
from library_store.dependencies.measures import Measures
from library_store.dependencies.uses import Uses

_BLOCK = 256
"""How many lemmas share a block."""
_SAID = 5000
"""In a graph of so many nodes or fewer the table shows statements, and a search looks into them."""
_SHORT = 200
"""Characters of a statement in the table."""
_TILES = ("nodes", "edges", "sources", "targets", "components", "longest_path")
_TOPS = {
    "top_in_degree": "Most used",
    "top_pagerank": "Highest PageRank",
    "top_transitive_users": "Most rests on",
    "top_betweenness": "Most chains pass through",
    "top_bottlenecks": "Open or assumed, and most rests on",
}
_LISTED = 10
"""How many entries of each top list are shown."""


class Page(NamedTuple):
    """What a page is made of. Values by node; a node that a mapping lacks has an empty text or 0."""

    title: str
    edge: str
    """What an edge says, in a sentence."""
    graph: nx.MultiDiGraph[str]
    uses: Uses
    """The nodes and edges that are shown."""
    measures: Mapping[str, Measures]
    summary: Mapping[str, Any]
    columns: Mapping[str, Mapping[str, float]] = {}
    """Further numbers of each node, by heading."""
    statements: Mapping[str, str] = {}
    """Statements for people, where the graph's own are for programs."""
    proofs: Mapping[str, str] = {}
    communities: Sequence[Sequence[str]] = ()
    growth: Sequence[Growth] = ()
    forest: Forest | None = None
    """Of a run: which lemma was evolved from which. Its uses are drawn, too."""


def render(page: Page) -> str:
    """The page as text."""
    ranked = sorted(page.uses.nodes, key=lambda node: (-page.measures[node].pagerank, node))
    leaders = [_leader(page, group) for group in page.communities if len(group) > 1]
    tiles = [f"<div><b>{page.summary[name]}</b><span>{name.replace('_', ' ')}</span></div>" for name in _TILES]
    folder = Path(__file__).parent
    parts = {
        "title": escape(page.title),
        "style": (folder / "page.css").read_text(encoding="utf-8"),
        "edge": escape(page.edge),
        "what": " names and statements" if len(ranked) <= _SAID else " names",
        "tiles": "".join(tiles),
        "growth": _growth(page.growth) + _tops(page),
        "drawing": _drawing(page, ranked, leaders),
        "blocks": "\n".join(_packed(page, ranked, leaders)),
        "script": (folder / "page.js").read_text(encoding="utf-8"),
    }
    template = (folder / "page.html").read_text(encoding="utf-8")
    return re.sub("@([a-z]+)@", lambda found: parts[found[1]], template)


def _leader(page: Page, group: Sequence[str]) -> str:
    """The name of the member that most use."""
    return page.graph.nodes[max(group, key=lambda node: (page.measures[node].in_degree, node))]["name"]


def _drawing(page: Page, ranked: Sequence[str], leaders: Sequence[str]) -> str:
    parts: list[str] = []
    if page.forest is not None or not page.communities:
        parts.append(
            "<h2>Uses</h2><p>What is used stands right of what uses it. Solid: the proof failed to replay without it. "
            "Dashed: read from the proof term only.</p>" + uses_drawing(page.graph, page.measures, page.statements)
        )
    if page.forest is not None and page.forest.sprouts:
        numbers = {node: number for number, node in enumerate(ranked)}
        parts.append(
            "<h2>Evolution</h2><p>A lemma stands right of and below the one that it was evolved from, in the column of "
            "its round. One without a line was asked for, conjectured, given or harvested: point at it.</p>"
            + forest_drawing(page.forest, numbers)
        )
    if leaders:
        parts.append(
            "<h2>Communities</h2><p>Lemmas that use each other more than the rest, called by the one that most use. "
            "Click one to see its members.</p>" + community_map(page.uses, page.communities[: len(leaders)], leaders)
        )
    return "".join(parts)


def _growth(growth: Sequence[Growth]) -> str:
    if not growth:
        return ""
    head = "".join(f"<th>{name}</th>" for name in Growth._fields)
    rows = "".join(f"<tr>{''.join(f'<td>{value}</td>' for value in entry)}</tr>" for entry in growth)
    return f"<h2>Growth</h2><table class=plain><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _tops(page: Page) -> str:
    if not page.summary["edges"]:  # without uses none stands above another
        return ""
    lists: list[str] = []
    for key, title in _TOPS.items():
        entries: Sequence[tuple[str, float]] = page.summary.get(key) or ()
        items = "".join(f"<li><span>{_shown(value)}</span>{escape(name)}</li>" for name, value in entries[:_LISTED])
        if items:
            lists.append(f"<div><h3>{title}</h3><ol>{items}</ol></div>")
    return f'<div class="tops">{"".join(lists)}</div>'


def _shown(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.3g}"


def _packed(page: Page, ranked: Sequence[str], leaders: Sequence[str]) -> Iterator[str]:
    """The blocks of data, as script elements that no browser runs."""
    index = _index(page, ranked, leaders)
    starts = range(0, len(ranked), _BLOCK)
    values = (index, *([_detail(page, node) for node in ranked[start : start + _BLOCK]] for start in starts))
    names = ["index", *(f"block{number}" for number in range(len(starts)))]
    with ThreadPoolExecutor(max_workers=2) as pool:
        for name, text in zip(names, pool.map(_squeezed, values), strict=True):
            yield f'<script type="text/plain" id="{name}">{text}</script>'


def _squeezed(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("utf-8", "replace"), 6)).decode()


def _index(page: Page, ranked: Sequence[str], leaders: Sequence[str]) -> dict[str, Any]:
    """What the table and the drawings need of every node; a node's number is its place among `ranked`."""
    number = {node: place for place, node in enumerate(ranked)}
    new = [number[node] for node in page.uses.nodes]
    lists: list[list[int]] = [[] for _ in ranked]
    for user, used in zip(page.uses.users.tolist(), page.uses.used.tolist(), strict=True):
        lists[new[user]].append(new[used])
    first, ends = [0], list[int]()
    for used_by_one in lists:
        ends += sorted(used_by_one)
        first.append(len(ends))
    group = {node: place for place, members in enumerate(page.communities) for node in members}
    kinds = [_kind(page.graph.nodes[node]) for node in ranked]
    known = sorted(set(kinds))
    of = [page.measures[node] for node in ranked]
    columns: dict[str, list[float]] = {
        "used by": [one.in_degree for one in of],
        "uses": [one.out_degree for one in of],
        "PageRank": [float(f"{one.pagerank:.4g}") for one in of],
        "depth": [one.depth for one in of],
        **{name: [values.get(node, 0) for node in ranked] for name, values in page.columns.items()},
    }
    return {
        "block": _BLOCK,
        "names": [page.graph.nodes[node]["name"] for node in ranked],
        "said": [_statement(page, node)[:_SHORT] for node in ranked] if len(ranked) <= _SAID else [],
        "kinds": known,
        "kind": [known.index(kind) for kind in kinds],
        "columns": [{"name": name, "values": values} for name, values in columns.items()],
        "first": first,
        "ends": ends,
        "group": [group.get(node, -1) for node in ranked],
        "leaders": list(leaders),
    }


def _kind(data: Mapping[str, Any]) -> str:
    return data["kind"] + (" retired" if data.get("retired") else "")


_LINEAGE = {
    "evolved_from": "evolved from",
    "answers_request": "answers the request",
    "subsumed_by": "subsumed by",
}


def _detail(page: Page, node: str) -> tuple[str, str, str, list[str]]:
    """Statement, proof, where it stands, and its lineage: a line for each."""
    data = page.graph.nodes[node]
    lines = [f"from {origin}" for origin in (data.get("origins") or "").splitlines()]
    if page.forest is not None and node in page.forest.sprouts:
        lines = [*page.forest.told(node), *lines]
    for _, target, kind in page.graph.out_edges(node, keys=True):
        if kind in _LINEAGE:
            lines.append(f"{_LINEAGE[kind]} {page.graph.nodes[target]['name']}")
    for source, _, kind in page.graph.in_edges(node, keys=True):
        if kind in _LINEAGE:
            lines.append(f"{page.graph.nodes[source]['name']} is {_LINEAGE[kind]} this")
    where = f"{data['file']}:{data.get('line') or ''}".rstrip(":") if data.get("file") else ""
    return _statement(page, node), page.proofs.get(node, data.get("proof") or ""), where, lines


def _statement(page: Page, node: str) -> str:
    return page.statements.get(node, page.graph.nodes[node].get("statement") or "")
