"""The frame that all pages have: their style, their templates, and the numbers at the top."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from markupsafe import Markup

SHARED = {name: Path(__file__).parent / f"{name}.html" for name in ("frame", "figure")}
"""What templates of pages extend and import."""
STYLE = Path(__file__).parent / "style.css"


class Tile(NamedTuple):
    """A number at the top of the page, and what it counts."""

    value: str
    text: str
    note: str = ""


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
