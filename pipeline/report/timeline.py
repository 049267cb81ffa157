"""The steps of a run on a time line, as an event trace that Chromium's `chrome://tracing` and Perfetto read.

A step ends when the library took in what came of it, and began as many seconds before as it took. Which worker did it
is not recorded: steps stand in as few lanes as they need, each in the first that is free, so that a lane that ends
early is a worker that had nothing to do.
(Format: "Trace Event Format", Google, complete events "X" and metadata "M"; times are microseconds.)
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from library_store.schema import ATTEMPT
from library_store.tables import Tables

MICROSECONDS = 1e6
ROUNDS = 0
"""The lane of the rounds, above those of the steps."""


def write_timeline(tables: Tables, file: Path) -> None:
    """Writes the time line of a run as JSON. Raises `OSError` where the file cannot be written."""
    file.write_text(json.dumps({"traceEvents": list(_events(tables)), "displayTimeUnit": "ms"}), encoding="utf-8")


def _events(tables: Tables) -> Iterator[dict[str, Any]]:
    attempts = {row["id"]: row for row in tables.rows("attempts")}
    ended = {row["attempt_id"]: row["at"] for row in tables.rows("events") if row["kind"] == ATTEMPT}
    spans = sorted((at - attempts[name]["seconds"], at, name) for name, at in ended.items())
    free: list[float] = []
    rounds: dict[int, tuple[float, float]] = {}
    yield _named(ROUNDS, "rounds")
    for start, end, name in spans:
        row = attempts[name]
        lane = next((lane for lane, since in enumerate(free) if since <= start), len(free))
        if lane == len(free):
            free.append(end)
            yield _named(lane + 1, f"steps, lane {lane + 1}")
        free[lane] = end
        first, last = rounds.get(row["round"], (start, end))
        rounds[row["round"]] = min(first, start), max(last, end)
        told = {name: row[name] for name in ("id", "verdict", "reason", "cpu_seconds")}
        yield _span(f"{row['operator']} {row['target']}", row["kind"], lane + 1, start, end) | {"args": told}
    for number, (start, end) in sorted(rounds.items()):
        yield _span(f"round {number}", "round", ROUNDS, start, end)


def _span(name: str, kind: str, lane: int, start: float, end: float) -> dict[str, Any]:
    place = {"ph": "X", "pid": 1, "tid": lane, "ts": start * MICROSECONDS, "dur": (end - start) * MICROSECONDS}
    return {"name": name, "cat": kind} | place


def _named(lane: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": "thread_name", "pid": 1, "tid": lane, "args": {"name": name}}
