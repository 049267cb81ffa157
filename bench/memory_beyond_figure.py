"""The figure of `memory_beyond.py`: how far each variant is from the base, and held-out losses while they train."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from pipeline.report.drawing import INK, LINE, SERIES, STYLE, SURFACE

Found = Mapping[str, Any]


def draw(found: Found, file: Path) -> None:
    """Write the figure as SVG."""
    settings: Any = STYLE | {"svg.hashsalt": "memory_beyond", "figure.facecolor": SURFACE}
    with mpl.rc_context(settings):
        canvas = Canvas(figsize=(12, 4.8), layout="constrained")
        left, right = canvas.subplots(1, 2)
        _differences(left, found)
        _curves(right, found)
        canvas.savefig(file, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))


def _differences(axes: Axes, found: Found) -> None:
    """A row for each variant, the best on top, a point for each seed; the band is as far as the base's seeds differ."""
    rows = [row for row in found["variants"][1:] if row["mean_difference"] is not None]
    rows.sort(key=lambda row: row["mean_difference"], reverse=True)
    apart = found["base_by_seed_apart"] or 0.0
    axes.axvspan(-apart, apart, color=LINE, alpha=0.6)
    axes.axvline(0, color=INK, linewidth=0.7)
    for place, row in enumerate(rows):
        values = list(row["differences"].values())
        axes.plot(values, [place] * len(values), color=SERIES[0], linestyle="", marker="o", markersize=4)
    axes.set_yticks(range(len(rows)), [f"{row['name']} ({row['flops_share']:.2f} × FLOPs)" for row in rows])
    axes.set_xlabel("bits per byte less the base's; left is better")


def _curves(axes: Axes, found: Found) -> None:
    """Held-out loss while each run of the first seed trains, without the fresh model's; named from worst to best."""
    base = found["runs"][0]
    first = [run for run in found["runs"] if run["seed"] == base["seed"] and run["curve"]]
    first.sort(key=lambda run: run["curve"][-1]["bits_per_byte"], reverse=True)
    for place, run in enumerate(first):
        earlier = run.get("earlier_tokens", 0)
        curve = [
            ((earlier + point["tokens"]) / 1e6, point["bits_per_byte"])
            for point in run["curve"]
            if earlier or point["tokens"]
        ]
        colour = INK if run is base else SERIES[place % len(SERIES)]
        style = "-" if run is base else ("-", "--", ":")[place // len(SERIES)]
        axes.plot(*zip(*curve, strict=True), color=colour, linestyle=style, linewidth=1, label=run["name"])
    axes.set_xlabel("million tokens of training")
    axes.set_ylabel("bits per byte, held-out")
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
