"""One self-contained HTML page about a graph of lemmas: measures, a table of the top lemmas, a drawing.

The page loads nothing: styles, a few lines of script for sorting and filtering, and the drawing are inside it. Every
text that comes from a problem or a prover is escaped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

import networkx as nx

from library_store.analysis import Growth
from library_store.measures import Measures, dependencies

TABLE_ROWS = 200
"""How many nodes the table shows, highest PageRank first."""
DRAWN_LEMMAS, DRAWN_PROBLEMS = 60, 40
"""How many nodes the drawing shows: lemmas that are used or use, highest PageRank first, and problems that use them."""
_COLUMN, _ROW, _MARGIN = 215, 22, 24
_LABEL = 26


class Page(NamedTuple):
    """What a page is made of. `statements` are for people, by node; `reused_by` counts foreign problems, by node."""

    title: str
    graph: nx.MultiDiGraph[str]
    measures: Mapping[str, Measures]
    summary: Mapping[str, Any]
    statements: Mapping[str, str]
    used_by: Mapping[str, int]
    reused_by: Mapping[str, int]
    growth: Sequence[Growth]


def render(page: Page) -> str:
    """The page as text."""
    ranked = sorted(page.measures, key=lambda node: (-page.measures[node].pagerank, node))
    figures = ("nodes", "edges", "sources", "targets", "components", "longest_path")
    tiles = "".join(f"<div><b>{page.summary[name]}</b><span>{name.replace('_', ' ')}</span></div>" for name in figures)
    return _PAGE.format(
        title=escape(page.title),
        style=_STYLE,
        tiles=tiles,
        growth=_growth(page.growth),
        drawing=_drawing(page, ranked),
        shown=min(TABLE_ROWS, len(ranked)),
        total=len(ranked),
        rows="".join(_row(page, node) for node in ranked[:TABLE_ROWS]),
        script=_SCRIPT,
    )


def _row(page: Page, node: str) -> str:
    data, values = page.graph.nodes[node], page.measures[node]
    kind = data["kind"] + (" retired" if data.get("retired") else "")
    cells = [
        f'<td class="{escape(data["kind"])}">{escape(data["name"])}</td>',
        f"<td>{escape(kind)}</td>",
        f"<td><code>{escape(page.statements.get(node, data.get('statement') or ''))}</code></td>",
        *(
            f"<td>{value}</td>"
            for value in (
                values.in_degree,
                values.out_degree,
                f"{values.pagerank:.5f}",
                values.depth,
                page.used_by.get(node, 0),
                page.reused_by.get(node, 0),
                data["round"],
            )
        ),
    ]
    return f"<tr>{''.join(cells)}</tr>\n"


def _growth(growth: Sequence[Growth]) -> str:
    if not growth:
        return ""
    head = "".join(f"<th>{name}</th>" for name in Growth._fields)
    rows = "".join(f"<tr>{''.join(f'<td>{value}</td>' for value in entry)}</tr>" for entry in growth)
    return f"<h2>Growth</h2><table class=plain><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _drawing(page: Page, ranked: Sequence[str]) -> str:
    """What is used stands right of what uses it; a solid line is a confirmed use, a dashed one is in the term only."""
    connected = [node for node in ranked if page.measures[node].in_degree or page.measures[node].out_degree]
    if not connected:
        return "<p>No proof uses a lemma yet.</p>"
    whole = dependencies(page.graph)
    lemmas = [node for node in connected if page.graph.nodes[node]["kind"] == "lemma"][:DRAWN_LEMMAS]
    users = {user for lemma in lemmas for user in whole.predecessors(lemma)} - set(lemmas)
    problems = [node for node in connected if node in users and page.graph.nodes[node]["kind"] == "problem"]
    chosen = lemmas + problems[:DRAWN_PROBLEMS]
    uses = whole.subgraph(chosen)
    places = _places(uses, page.measures)
    width = max(x for x, _ in places.values()) + _COLUMN
    height = max(y for _, y in places.values()) + _MARGIN
    lines: list[str] = []
    for source, target in uses.edges():
        (x1, y1), (x2, y2) = places[source], places[target]
        sure = page.graph.edges[source, target, "proof_uses"]["confirmed"]
        bend = (x2 - x1) / 2 or 40
        style = "" if sure else ' class="unsure"'
        lines.append(f'<path{style} d="M{x1},{y1} C{x1 + bend},{y1} {x2 - bend},{y2} {x2},{y2}"/>')
    for node, (x, y) in places.items():
        data = page.graph.nodes[node]
        name = data["name"] if len(data["name"]) <= _LABEL else data["name"][: _LABEL - 1] + "…"
        radius = min(9.0, 3 + page.measures[node].in_degree ** 0.5)
        hint = escape(f"{data['name']}\n{page.statements.get(node, '')}")
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


_STYLE = """
:root { color-scheme: light dark; --line: #8886; --lemma: #2a78d6; --problem: #d1602b; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1200px; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; }
.tiles { display: flex; flex-wrap: wrap; gap: 1em; }
.tiles div { border: 1px solid var(--line); border-radius: 8px; padding: .5em 1em; }
.tiles b { display: block; font-size: 1.4em; } .tiles span { opacity: .7; }
.scroll { overflow: auto; max-height: 80vh; border: 1px solid var(--line); border-radius: 8px; }
svg path { fill: none; stroke: #888; stroke-opacity: .45; } svg path.unsure { stroke-dasharray: 3 3; }
svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
g.lemma circle { fill: var(--lemma); } g.problem circle { fill: var(--problem); }
td.lemma { color: var(--lemma); } td.problem { color: var(--problem); }
table { border-collapse: collapse; width: 100%; } table.plain { width: auto; }
th, td { text-align: left; padding: .25em .6em; border-bottom: 1px solid var(--line); vertical-align: top; }
#nodes th { cursor: pointer; position: sticky; top: 0; background: Canvas; }
#nodes td:nth-child(n+4) { text-align: right; font-variant-numeric: tabular-nums; }
code { font-size: .88em; overflow-wrap: anywhere; }
input { font: inherit; padding: .3em .6em; margin: .5em 0; width: 22em; }
"""

_SCRIPT = """
const body = document.querySelector("#nodes tbody");
document.querySelectorAll("#nodes th").forEach((head, column) => head.onclick = () => {
  const down = head.dataset.down = head.dataset.down === "1" ? "" : "1";
  const key = row => row.cells[column].textContent;
  const compare = (a, b) => isNaN(key(a)) || isNaN(key(b)) ? key(b).localeCompare(key(a)) : key(b) - key(a);
  [...body.rows].sort((a, b) => down ? compare(a, b) : compare(b, a)).forEach(row => body.append(row));
});
document.querySelector("#filter").oninput = event => {
  const wanted = event.target.value.toLowerCase();
  for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
};
"""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}</style></head><body>
<h1>{title}</h1>
<p>The graph of uses in proofs: an edge leads from a problem or lemma to a lemma that its proof uses.</p>
<div class=tiles>{tiles}</div>
{growth}
<h2>Uses</h2>
<p>What is used stands right of what uses it. Solid: the proof failed to replay without it. Dashed: read from
the proof term only.</p>
{drawing}
<h2>Lemmas and problems</h2>
<p>{shown} of {total}, highest PageRank first. Click a heading to sort.</p>
<input id=filter placeholder="filter by name or statement" aria-label="filter">
<table id=nodes><thead><tr><th>name</th><th>kind</th><th>statement</th><th>used by</th><th>uses</th><th>PageRank</th>
<th>depth</th><th>problems</th><th>foreign problems</th><th>round</th></tr></thead><tbody>
{rows}</tbody></table>
<script>{script}</script></body></html>
"""
