"""Turns a matplotlib drawing into SVG that lives inside an HTML page.

Text stays text in the page's own font, colours become CSS variables (so that dark mode needs no second drawing), and
the result names no outside address. Every drawing is made twice, for a wide and for a narrow screen, with text of
the same size. The same facts give the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from pipeline.report.frame import INK, MUTED, VARIABLES

Screen: TypeAlias = Literal["wide", "narrow"]

STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


def draw(name: str, size: tuple[float, float], paint: Callable[[Canvas], None], *, constrained: bool = True) -> str:
    """The SVG of a drawing; `size` is in inches, of which one holds 96 CSS pixels when the page does not shrink it."""
    settings: Any = STYLE | {"svg.hashsalt": name}
    with mpl.rc_context(settings):
        canvas = Canvas(figsize=size, layout="constrained" if constrained else None)
        paint(canvas)
        sink = io.StringIO()
        canvas.savefig(sink, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return _embed(sink.getvalue(), name)


def _embed(svg: str, name: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' xmlns(:\w+)?="[^"]*"', "", svg)
    svg = re.sub(r"(font: [^;\"]*?px) [^;\"]*", r"\1 system-ui, sans-serif", svg)
    svg = re.sub(r'<svg ([^>]*?)width="[\d.]+pt"', r"<svg \1", re.sub(r' height="[\d.]+pt"', "", svg, count=1), count=1)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'((?:xlink:)?href="#|url\(#)', rf"\1{name}-", svg)
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, f"var(--{variable})")
    return svg


def label_bars(axes: Axes, values: list[float], texts: list[str]) -> None:
    """Horizontal bars with a number behind each; room is left for the numbers, which nothing cuts off."""
    longest = max([*values, 1e-9])
    widest = max((len(text) for text in texts), default=0)
    inches = axes.figure.get_size_inches()[0] if isinstance(axes.figure, Canvas) else 6.0
    share = min(0.6, (0.075 * widest + 0.1) / max(inches * 0.6, 1.0))
    axes.set_xlim(0, longest / (1 - share))
    for position, (value, text) in enumerate(zip(values, texts, strict=True)):
        axes.text(value + longest * 0.02, position, text, va="center", ha="left", color=INK)
    axes.invert_yaxis()
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
