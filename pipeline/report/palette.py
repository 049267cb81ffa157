"""Colours of the pages, and a finished figure as pages hold it. Whoever draws none loads nothing that draws."""

from __future__ import annotations

from typing import NamedTuple

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
