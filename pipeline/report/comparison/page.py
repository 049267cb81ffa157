"""A comparison on disk: `comparison.json`, `comparison.parquet` with a row per arm, seed and problem, and `index.html`.

The page is one self-contained file, drawn like the report of a run.
"""

from __future__ import annotations

import io
import json
import platform
from collections.abc import Sequence
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from library_store.files import write_atomically
from pipeline.report.comparison.arms import ARMS
from pipeline.report.comparison.contrasts import Comparison, as_json, compare_runs, rows, says
from pipeline.report.comparison.measures import Measures
from pipeline.report.drawing import draw
from pipeline.report.frame import MUTED, SERIES, Figure, fill, key

TEMPLATE = Path(__file__).parent / "template.html"


COLUMNS = pa.schema(
    [
        ("arm", pa.string()),
        ("seed", pa.int64()),
        ("problem", pa.string()),
        ("cluster", pa.string()),
        ("solved", pa.bool_()),
        ("cpu_seconds", pa.float64()),
        ("needs_a_lemma", pa.bool_()),
        ("needs_a_lemma_of_another_problem", pa.bool_()),
        ("needs_a_lemma_of_another_cluster", pa.bool_()),
        ("needs_a_lemma_that_states_a_problem", pa.bool_()),
    ]
)
"""Of `comparison.parquet`."""


def write(directory: Path, runs: Sequence[Measures]) -> Comparison:
    """Compares runs and writes what came of it."""
    comparison = compare_runs(runs)
    directory.mkdir(parents=True, exist_ok=True)
    machine = {"machine": f"{platform.machine()}, {psutil.cpu_count()} cores", "python": platform.python_version()}
    text = json.dumps(machine | as_json(comparison), indent=1, ensure_ascii=False)
    write_atomically(directory / "comparison.json", f"{text}\n".encode())
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows(comparison), schema=COLUMNS), sink)
    write_atomically(directory / "comparison.parquet", sink.getvalue())
    write_atomically(directory / "index.html", render(comparison, directory.resolve().name).encode())
    return comparison


def render(comparison: Comparison, name: str) -> str:
    """The page as text."""
    return fill(
        TEMPLATE,
        name=name,
        told=as_json(comparison),
        lines=[says(one) for one in comparison.contrasts],
        arms=comparison.arms,
        meaning={arm: ARMS[arm].says if arm in ARMS else "a run that was given" for arm in comparison.arms},
        contrasts=comparison.contrasts,
        seeds={arm: len(comparison.of(arm)) for arm in comparison.arms},
        figure=curves(comparison),
    )


def curves(comparison: Comparison) -> Figure:
    """Solved against CPU seconds, a line for each run in the colour of its arm."""
    total = max(len(run.problems) for run in comparison.runs)
    colours = {arm: SERIES[place % len(SERIES)] for place, arm in enumerate(comparison.arms)}
    legend = tuple(
        key(colours[arm], f"{arm} ({', '.join(str(len(run.solved)) for run in comparison.of(arm))})")
        for arm in comparison.arms
    )

    def paint(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        for run in comparison.runs:
            _curve(axes, run, colours[run.arm])
        axes.axhline(total, color=MUTED, linewidth=0.7, linestyle=(0, (4, 3)))
        axes.set_xlim(0, max(run.budget for run in comparison.runs))
        axes.set_ylim(0, total * 1.05)
        axes.set_xlabel("CPU seconds of the whole process tree")
        axes.set_ylabel("problems solved")
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.xaxis.set_major_locator(MaxNLocator(5))

    caption = (
        f"n = {total} problems, {len(comparison.runs)} runs, one line each. The line is dotted from where a run had "
        "nothing more to do. In the legend: problems solved, run by run."
    )
    wide, narrow = draw("curves-wide", (11.2, 3.6), paint), draw("curves-narrow", (3.5, 3.0), paint)
    return Figure("curves", "Solved against CPU seconds", caption, legend, wide, narrow, broad=True)


def _curve(axes: Axes, run: Measures, colour: str) -> None:
    times: Sequence[float] = sorted(run.solved.values())
    ends = max([min(run.charged, run.budget), *times])
    axes.step([0.0, *times, ends], [*range(len(times) + 1), len(times)], where="post", color=colour, linewidth=1.5)
    axes.plot([ends, run.budget], [len(times)] * 2, color=colour, linewidth=1.1, linestyle=":")
