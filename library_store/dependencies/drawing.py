"""Drawings as SVG: the lemmas of a run and who uses them, the forest of their evolution, communities of a library."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from html import escape

import networkx as nx

from library_store.dependencies.lineage import Branch, Forest
from library_store.dependencies.measures import Measures, dependencies
from library_store.dependencies.uses import Uses

DRAWN_LEMMAS, DRAWN_PROBLEMS = 60, 40
"""How many nodes are drawn: lemmas that are used or use, highest PageRank first, and problems that use them."""
DRAWN_COMMUNITIES = 30
DRAWN_SPROUTS = 200
"""How many lemmas of a forest are drawn, whole trees, the largest first."""
_COLUMN, _ROW, _MARGIN = 215, 22, 24
_LABEL = 26
_WIDTH = 1200
"""Of the map of communities, in its own units."""


def uses_drawing(graph: nx.MultiDiGraph[str], measures: Mapping[str, Measures], statements: Mapping[str, str]) -> str:
    """What is used stands right of what uses it; a solid line is a confirmed use, a dashed one is in the term only."""
    ranked = sorted(measures, key=lambda node: (-measures[node].pagerank, node))
    connected = [node for node in ranked if measures[node].in_degree or measures[node].out_degree]
    if not connected:
        return "<p>No proof uses a lemma yet.</p>"
    whole = dependencies(graph)
    lemmas = [node for node in connected if graph.nodes[node]["kind"] == "lemma"][:DRAWN_LEMMAS]
    users = {user for lemma in lemmas for user in whole.predecessors(lemma)} - set(lemmas)
    problems = [node for node in connected if node in users and graph.nodes[node]["kind"] == "problem"]
    chosen = lemmas + problems[:DRAWN_PROBLEMS]
    uses = whole.subgraph(chosen)
    places = _places(uses, measures)
    width = max(x for x, _ in places.values()) + _COLUMN
    height = max(y for _, y in places.values()) + _MARGIN
    lines: list[str] = []
    for source, target in uses.edges():
        (x1, y1), (x2, y2) = places[source], places[target]
        sure = graph.edges[source, target, "proof_uses"]["confirmed"]
        bend = (x2 - x1) / 2 or 40
        style = "" if sure else ' class="unsure"'
        lines.append(f'<path{style} d="M{x1},{y1} C{x1 + bend},{y1} {x2 - bend},{y2} {x2},{y2}"/>')
    for node, (x, y) in places.items():
        data = graph.nodes[node]
        name = data["name"] if len(data["name"]) <= _LABEL else data["name"][: _LABEL - 1] + "…"
        radius = min(9.0, 3 + measures[node].in_degree ** 0.5)
        hint = escape(f"{data['name']}\n{statements.get(node, '')}")
        lines.append(
            f'<g class="{escape(data["kind"])}"><title>{hint}</title><circle cx="{x}" cy="{y}" r="{radius:.1f}"/>'
            f'<text x="{x + 12}" y="{y + 4}">{escape(name)}</text></g>'
        )
    note = (
        ""
        if len(chosen) == len(connected)
        else f"<p>{len(chosen)} of {len(connected)}: the lemmas of highest rank and their users.</p>"
    )
    body = "\n".join(lines)
    return f'{note}<div class=scroll><svg width="{width}" height="{height}" role="img">{body}</svg></div>'


def _places(uses: nx.DiGraph[str], measures: Mapping[str, Measures]) -> dict[str, tuple[int, int]]:
    """Columns by depth, deepest first; in a column, nodes near those they are used by (barycentres, two sweeps)."""
    deepest = max(measures[node].depth for node in uses)
    columns: dict[int, list[str]] = defaultdict(list)
    for node in sorted(uses, key=lambda node: (-measures[node].pagerank, node)):
        columns[deepest - measures[node].depth].append(node)
    row = {node: index for column in columns.values() for index, node in enumerate(column)}
    for sweep in range(2):
        for number in sorted(columns, reverse=bool(sweep)):
            centre: dict[str, float] = {}
            for node in columns[number]:
                near = [row[other] for other in (*uses.predecessors(node), *uses.successors(node))]
                centre[node] = sum(near) / len(near) if near else row[node]
            columns[number].sort(key=lambda node: (centre[node], node))
            row.update({node: index for index, node in enumerate(columns[number])})
    order = {number: place for place, number in enumerate(sorted(columns))}
    return {
        node: (_MARGIN + order[number] * _COLUMN, _MARGIN + index * _ROW)
        for number, column in columns.items()
        for index, node in enumerate(column)
    }


def forest_drawing(forest: Forest, numbers: Mapping[str, int]) -> str:
    """Trees from left to right, a column for each round; a lemma stands right of the one that it was evolved from.

    `numbers` says which page of a lemma a circle leads to.
    """
    trees = sorted((list(forest.below(root)) for root in forest.roots), key=len, reverse=True)
    drawn: list[list[Branch]] = []
    for tree in trees:
        if not drawn or sum(map(len, drawn)) + len(tree) <= DRAWN_SPROUTS:
            drawn.append(tree)
    rounds = sorted({branch.sprout.round for tree in drawn for branch in tree})
    column = {number: _MARGIN + place * _COLUMN for place, number in enumerate(rounds)}
    lines = [f'<text x="{x}" y="14">round {number}</text>' for number, x in column.items()]
    places: dict[str, tuple[int, int]] = {}
    for row, branch in enumerate(branch for tree in drawn for branch in tree):
        sprout = branch.sprout
        x, y = column[sprout.round] + 14 * branch.depth, _MARGIN + 12 + row * _ROW
        places[sprout.id] = (x, y)
        parent = next((places[one] for one in forest.parents[sprout.id] if one in places), None)
        if parent is not None:
            lines.append(f'<path d="M{parent[0]},{parent[1]} V{y} H{x}"/>')
        how = f"{sprout.operator}, round {sprout.round}" + (", retired" if sprout.retired else "")
        hint = escape("\n".join([sprout.name, sprout.statement, how, *([sprout.origin] if sprout.origin else [])]))
        name = sprout.name if len(sprout.name) <= _LABEL else sprout.name[: _LABEL - 1] + "…"
        note = f'<tspan class="note">  {escape(sprout.operator.replace("_", " "))}</tspan>'
        lines.append(
            f'<a href="#n={numbers[sprout.id]}" class="lemma"><title>{hint}</title><circle cx="{x}" cy="{y}" r="5"/>'
            f'<text x="{x + 10}" y="{y + 4}">{escape(name)}{note}</text></a>'
        )
    width = max(x for x, _ in places.values()) + 2 * _COLUMN
    height = max(y for _, y in places.values()) + _MARGIN
    left = len(forest.sprouts) - len(places)
    note = f"<p>{len(places)} of {len(forest.sprouts)} lemmas: the largest trees.</p>" if left else ""
    body = "\n".join(lines)
    return f'{note}<div class=scroll><svg id="forest" width="{width}" height="{height}" role="img">{body}</svg></div>'


def community_map(uses: Uses, groups: Sequence[Sequence[str]], leaders: Sequence[str]) -> str:
    """The largest communities as circles, each a link to its members; a line is as wide as there are uses between two.

    The area of a circle is its share of the lemmas.
    """
    shown = range(min(DRAWN_COMMUNITIES, len(groups)))
    label = {node: number for number in shown for node in groups[number]}
    of = [label.get(node, -1) for node in uses.nodes]
    between: Counter[tuple[int, int]] = Counter()
    for user, used in zip(uses.users.tolist(), uses.used.tolist(), strict=True):
        pair = (min(of[user], of[used]), max(of[user], of[used]))
        if pair[0] >= 0 and pair[0] != pair[1]:
            between[pair] += 1
    radii = [6 + 170 * math.sqrt(len(groups[number]) / max(1, len(uses))) for number in shown]
    spots = _packed(radii)
    widest = max(between.values(), default=1)
    lines = [
        f'<line x1="{spots[a].real:.0f}" y1="{spots[a].imag:.0f}" x2="{spots[b].real:.0f}" y2="{spots[b].imag:.0f}" '
        f'stroke-width="{9 * count / widest:.1f}"/>'
        for (a, b), count in between.items()
        if count > widest / 100
    ]
    circles: list[str] = []
    for number, spot in enumerate(spots):
        leader = leaders[number]
        name = leader if len(leader) <= _LABEL else leader[: _LABEL - 1] + "…"
        circles.append(
            f'<a href="#c={number}"><title>{len(groups[number])} around {escape(leader)}</title>'
            f'<circle cx="{spot.real:.0f}" cy="{spot.imag:.0f}" r="{radii[number]:.1f}"/>'
            f'<text x="{spot.real:.0f}" y="{spot.imag + 4:.0f}" text-anchor="middle">{escape(name)}</text></a>'
        )
    top = min((spot.imag - radius for spot, radius in zip(spots, radii, strict=True)), default=0)
    bottom = max((spot.imag + radius for spot, radius in zip(spots, radii, strict=True)), default=0)
    box = f"{-_WIDTH / 2:.0f} {top - 10:.0f} {_WIDTH} {bottom - top + 20:.0f}"
    body = "\n".join(lines + circles)
    return f'<svg class="map" viewBox="{box}" role="img">{body}</svg>'


def _packed(radii: Sequence[float]) -> list[complex]:
    """Centres of circles that do not overlap: each as far in on a flat spiral as the earlier ones leave room."""
    spots: list[complex] = []
    for radius in radii:
        turn = 0.0
        while True:
            spot = complex(3.2 * math.cos(turn), 1.6 * math.sin(turn)) * turn
            if all(abs(spot - other) > radius + radii[n] + 14 for n, other in enumerate(spots)):
                spots.append(spot)
                break
            turn += 0.05
    return spots
