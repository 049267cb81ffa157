"""What all pages have: their frame and style, their colours, numbers at the top, and finished figures.

Whoever draws no figure loads nothing that draws.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from markupsafe import Markup

SHARED = {name: Path(__file__).parent / f"{name}.html" for name in ("frame", "figure")}
"""What templates of pages extend and import."""
STYLE = Path(__file__).parent / "style.css"


INK, MUTED, LINE, SURFACE = "#1b1f24", "#66707b", "#dfe3e8", "#fefefe"
AUTOMATION, WITH_LIBRARY, MODEL = "#3f7396", "#c9812f", "#7b5ea8"
SERIES = ("#3f7397", "#c98130", "#5b8f5a", "#7b5ea9", "#b5576a", "#8a7f3d", "#5f8f9b", "#8b929a")

VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    LINE: "line",
    SURFACE: "surface",
    AUTOMATION: "automation",
    WITH_LIBRARY: "library",
    MODEL: "model",
    **{colour: f"series{number}" for number, colour in enumerate(SERIES, start=1)},
}
"""Colour in a drawing to the CSS variable that replaces it; all colours differ, so the way back is unique."""


class Tile(NamedTuple):
    """A number at the top of the page, and what it counts."""

    value: str
    text: str
    note: str = ""


class Key(NamedTuple):
    """An entry of a legend: the CSS variable of its colour, and what it stands for."""

    variable: str
    text: str


class Figure(NamedTuple):
    """A figure of the page; `wide` and `narrow` are SVG, or empty when there is nothing to draw, as `caption` says."""

    id: str
    title: str
    caption: str
    legend: tuple[Key, ...]
    wide: str
    narrow: str
    broad: bool = False
    """Whether it takes the whole width of a wide page."""


def key(colour: str, text: str) -> Key:
    return Key(VARIABLES[colour], text)


def fill(template: Path, **values: Any) -> str:
    """A page from its template, in the frame and with the style that all pages have."""
    environment = jinja2.Environment(
        loader=jinja2.DictLoader({name: path.read_text(encoding="utf-8") for name, path in SHARED.items()}),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["svg"] = Markup
    environment.filters["count"] = lambda value: f"{value:,.0f}"
    environment.filters["plain"] = lambda text: str(text).replace("_", " ")
    page = environment.from_string(template.read_text(encoding="utf-8"))
    return page.render(style=STYLE.read_text(encoding="utf-8"), **values)
