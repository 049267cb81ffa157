"""Draws which proofs need which lemmas: problems on the left, the lemmas that they rest on to the right.

Only confirmed `proof_uses` edges are drawn. A lemma stands one column to the right of everything whose proof needs it;
where there are more than fit, the most used are drawn and the caption says how many of how many.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from matplotlib.figure import Figure as Canvas
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Curve

from pipeline.report.drawing import Screen, draw
from pipeline.report.facts import Facts
from pipeline.report.frame import AUTOMATION, INK, LINE, MODEL, MUTED, SURFACE, WITH_LIBRARY, Figure, key

LEMMAS, PROBLEMS = 36, 48
"""Most lemmas and problems that one drawing holds."""


def shorten(text: str, limit: int) -> str:
    """The first `limit` characters, with an ellipsis where something was left out."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


class Graph(NamedTuple):
    columns: list[list[str]]
    """Names of problems, then ids of lemmas by column, each in the order of drawing."""
    edges: list[tuple[str, str]]


def uses(facts: Facts) -> Figure:
    """The figure of use edges."""
    title = "Which proofs need which lemmas"
    users = [problem for problem in facts.proved if problem.uses]
    if not users:
        proved = len(facts.proved)
        return Figure("uses", title, f"No proof needs a library lemma (n = {proved} proofs).", (), "", "", broad=True)
    graph = layout(facts)
    shown_problems, shown_lemmas = len(graph.columns[0]), sum(len(column) for column in graph.columns[1:])
    caption = (
        f"n = {shown_problems} of {len(users)} problems with such proofs, {shown_lemmas} of {len(facts.used_lemmas)} "
        f"lemmas that they rest on, {len(graph.edges)} edges. A line leads from a proof to a lemma that it needs; the "
        "numbers are those of the table of lemmas."
    )
    legend = (
        key(WITH_LIBRARY, "problem"),
        key(AUTOMATION, "lemma made by automation"),
        key(MODEL, "lemma made by the language model"),
    )
    tallest = max(len(column) for column in graph.columns)
    height = max(2.0, 0.22 * tallest + 0.3)
    wide = draw("uses-wide", (11.2, height), lambda canvas: _paint(canvas, facts, graph, "wide"), constrained=False)
    narrow = draw(
        "uses-narrow", (3.5, height), lambda canvas: _paint(canvas, facts, graph, "narrow"), constrained=False
    )
    return Figure("uses", title, caption, legend, wide, narrow, broad=True)


def layout(facts: Facts) -> Graph:
    """Columns and order: lemmas by their longest way from a problem, each node near the mean of its neighbours."""
    lemmas = {lemma.id for lemma in facts.used_lemmas[:LEMMAS]}
    problems = [p for p in facts.proved if any(use in lemmas for use in p.uses)][:PROBLEMS]
    needs: dict[str, set[str]] = defaultdict(set)
    for problem in problems:
        needs[problem.name] |= set(problem.uses) & lemmas
    for lemma in facts.used_lemmas:
        if lemma.id in lemmas:
            for user in set(lemma.lemmas) & lemmas:
                needs[user].add(lemma.id)
    depth = {problem.name: 0 for problem in problems}
    frontier = list(depth)
    while frontier:
        reached: set[str] = set()
        for node in frontier:
            for target in needs[node]:
                if depth.get(target, 0) <= depth[node]:
                    depth[target] = depth[node] + 1
                    reached.add(target)
        frontier = sorted(reached)
    columns: list[list[str]] = [[] for _ in range(max(depth.values()) + 1)]
    for node, column in depth.items():
        columns[column].append(node)
    edges = [(node, target) for node in depth for target in sorted(needs[node])]
    return Graph(_ordered(columns, edges), edges)


def _heights(columns: list[list[str]]) -> dict[str, float]:
    return {
        node: (place + 0.5) / len(column) for column in columns for place, node in enumerate(column)
    }  # each column fills the whole height


def _ordered(columns: list[list[str]], edges: list[tuple[str, str]]) -> list[list[str]]:
    neighbours: dict[str, list[str]] = defaultdict(list)
    for source, target in edges:
        neighbours[source].append(target)
        neighbours[target].append(source)
    for sweep in range(8):
        height = _heights(columns)
        for column in columns[1:] if sweep % 2 == 0 else reversed(columns[:-1]):
            column.sort(key=lambda node: (_mean(neighbours[node], height), node))
            height |= _heights([column])
    return columns


def _mean(nodes: list[str], height: Mapping[str, float]) -> float:
    return sum(height[node] for node in nodes) / len(nodes) if nodes else 0.5


def _paint(canvas: Canvas, facts: Facts, graph: Graph, screen: Screen) -> None:
    axes = canvas.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    width, height = canvas.get_size_inches()
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    longest = 34 if screen == "wide" else 17
    left = min(max(len(name) for name in graph.columns[0]), longest) * 0.082 + 0.2
    sources = {source for source, _ in graph.edges}
    ahead = 3.6 if screen == "wide" else 0.25  # room for statements behind the last column
    step = (width - left - ahead) / max(len(graph.columns) - 1, 1)
    place = {
        node: (left + column * step, y * height)
        for column, nodes in enumerate(graph.columns)
        for node, y in _heights([nodes]).items()
    }
    for source, target in graph.edges:
        (x0, y0), (x1, y1) = place[source], place[target]
        middle = (x0 + x1) / 2
        curve = Curve([(x0, y0), (middle, y0), (middle, y1), (x1, y1)], [Curve.MOVETO, *[Curve.CURVE4] * 3])
        axes.add_patch(PathPatch(curve, fill=False, edgecolor=MUTED, linewidth=0.7, alpha=0.55))
    for node in graph.columns[0]:
        x, y = place[node]
        axes.plot([x], [y], "o", color=WITH_LIBRARY, markersize=5)
        axes.text(x - 0.1, y, shorten(node, longest), ha="right", va="center", color=INK, fontsize=8.5)
    for column in graph.columns[1:]:
        for node in column:
            x, y = place[node]
            lemma = facts.lemmas[node]
            colour = MODEL if lemma.source == "language model" else AUTOMATION
            axes.plot([x], [y], "o", color=colour, markersize=13, markeredgecolor=LINE, markeredgewidth=0.5)
            axes.text(x, y, str(lemma.number), ha="center", va="center", color=SURFACE, fontsize=7.5)
            if screen == "wide" and node not in sources:
                room = int((min(max(step, ahead), width - x) - 0.3) / 0.07)
                behind = {"facecolor": SURFACE, "edgecolor": "none", "pad": 0.5, "alpha": 0.85}
                text = shorten(re.sub(r"^forall [^,]*, ", "", lemma.statement), room)
                axes.text(x + 0.17, y, text, va="center", color=MUTED, fontsize=8, bbox=behind)
