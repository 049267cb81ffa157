"""The figure of `memory_quality.py`: bits per byte against FLOPs, bytes moved and CPU seconds, and while it trains."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from pipeline.report.drawing import STYLE
from pipeline.report.frame import SERIES, SURFACE

Found = Mapping[str, Any]


class Point(NamedTuple):
    """One run, stored in one way."""

    cost: float
    bits_per_byte: float


FAMILIES: tuple[str, ...] = ("memoryformer", "dense", "ngram", "memoryformer int8", "dense int8")
COLOURS: dict[str, str] = dict(zip(FAMILIES, SERIES, strict=False))

COSTS: dict[str, tuple[str, str, str]] = {
    "block_flops": ("block_flops", "", "multiply-accumulates of the blocks for a token"),
    "moved": ("moved", "moved_int8", "bytes read for one more token"),
    "cpu_seconds": ("cpu_seconds", "", "CPU seconds of training"),
}
"""Cost → where a run tells it, where for int8 if that differs from float32, and in words."""


def points(runs: Sequence[Found], cost: str) -> dict[str, list[Point]]:
    """Family → its runs by cost. Families with int8 rows are told where these cost less."""
    found: dict[str, list[Point]] = defaultdict(list)
    plain, small, _ = COSTS[cost]
    for run in runs:
        family = run["model"]["family"]
        found[family].append(Point(run[plain], run["bits_per_byte"]["float32"]))
        if small and f"{family} int8" in FAMILIES:
            found[f"{family} int8"].append(Point(run[small], run["bits_per_byte"]["int8"]))
    return {family: sorted(found[family]) for family in FAMILIES if found[family]}


def draw(found: Found, file: Path) -> None:
    """Writes the figure: three panels of losses against costs, and the loss curves."""
    runs = [run for run in found["runs"] if run["kind"] == "run" and run["bits_per_byte"]]
    settings: Any = STYLE | {"svg.hashsalt": "memory_quality", "figure.facecolor": SURFACE}
    with mpl.rc_context(settings):
        canvas = Canvas(figsize=(9.6, 6.6), layout="constrained")
        panels: list[Callable[[Axes], None]] = [lambda axes, cost=cost: _against(axes, runs, cost) for cost in COSTS]
        for place, paint in enumerate([*panels, lambda axes: _curves(axes, runs)], start=1):
            axes = canvas.add_subplot(2, 2, place)
            paint(axes)
            axes.set_xscale("log")
            axes.set_ylabel("bits per byte, held-out")
        names = {
            name: line for axes in canvas.axes for line, name in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        canvas.legend(names.values(), names.keys(), loc="outside upper center", ncols=len(names), frameon=False)
        canvas.savefig(file, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))


def _against(axes: Axes, runs: Sequence[Found], cost: str) -> None:
    for family, of_it in points(runs, cost).items():
        axes.plot(
            *zip(*of_it, strict=True), color=COLOURS[family], linestyle="", marker="o", markersize=4, label=family
        )
    axes.set_xlabel(COSTS[cost][2])


def _curves(axes: Axes, runs: Sequence[Found]) -> None:
    """Held-out loss while each run of the first seed trains, without the fresh model's."""
    for run in runs:
        if run["seed"] == runs[0]["seed"]:
            curve = [(point["cpu_seconds"], point["bits_per_byte"]) for point in run["curve"][1:]]
            axes.plot(*zip(*curve, strict=True), color=COLOURS[run["model"]["family"]], linewidth=1, alpha=0.8)
    axes.set_xlabel("CPU seconds of training so far")
