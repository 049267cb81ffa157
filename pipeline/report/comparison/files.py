"""A comparison on disk: `comparison.json`, `index.html`, and `comparison.parquet`, a row per arm, seed and problem."""

from __future__ import annotations

import io
import json
import platform
from collections.abc import Sequence
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from library_store.snapshot import write_atomically
from pipeline.report.comparison.contrasts import Comparison, as_json, compare_runs, rows
from pipeline.report.comparison.measures import Measures
from pipeline.report.comparison.page import render

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
