"""A long run watched: the memory and open files of its processes, by what they are, and shared memory, over the time.

    python -m pipeline run configs/tip.yaml --out runs/tip &
    python bench/soak.py $! --json docs/results/soak.json

It looks every half minute until the run ends, or for so many seconds. `mib` is what the processes of a kind have for
themselves (what they share, the object store among it, is told once: `shared memory`), and growth is the slope of a
straight line through what was seen, without the first sixth of the time, in which actors load what they need.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil

from bench.script import Row, command_line, ended, machine, tell
from domain import UserError

EVERY_SECONDS = 30.0
MIB = 2**20


class Seen(NamedTuple):
    """The processes of one kind at one time."""

    processes: int
    mib: float
    files: int


def kind_of(process: psutil.Process) -> str:
    """What a process is: Ray's title for it, or the program's name; the process that runs our loop is the driver."""
    line = process.cmdline()
    if line and line[0].startswith("ray::"):
        return line[0].removeprefix("ray::").partition(".")[0]
    if line[1:3] == ["-m", "pipeline"]:
        return "driver"
    script = next((Path(part).stem for part in line[1:] if part.endswith(".py")), "")
    return script if process.name().startswith("python") and script else process.name()


def look(process: psutil.Process) -> dict[str, Seen]:
    """What a process and all below it have now, by kind."""
    found: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
    for one in (process, *process.children(recursive=True)):
        try:
            found[kind_of(one)].append((one.memory_full_info().uss / MIB, one.num_fds()))
        except psutil.Error:
            continue
    return {
        kind: Seen(len(all_), sum(mib for mib, _ in all_), sum(files for _, files in all_))
        for kind, all_ in found.items()
    } | {"shared memory": Seen(0, shutil.disk_usage("/dev/shm").used / MIB, 0)}


def growth(points: list[tuple[float, float]]) -> float:
    """The slope of a straight line through points, by the hour; 0 where there are fewer than two times."""
    if len({second for second, _ in points}) < 2:
        return 0.0
    seconds, values = zip(*points, strict=True)
    return 3600 * statistics.linear_regression(seconds, values).slope


def summary(looks: list[tuple[float, dict[str, Seen]]]) -> list[Row]:
    """A row for each kind that was there in more than half of what was seen after the start."""
    settled = [(second, seen) for second, seen in looks if second >= looks[-1][0] / 6]
    rows: list[Row] = []
    for kind in sorted({kind for _, seen in settled for kind in seen}):
        of = [(second, seen[kind]) for second, seen in settled if kind in seen]
        if 2 * len(of) <= len(settled):
            continue
        row: Row = {"kind": kind, "processes": max(one.processes for _, one in of)}
        for name, values in (
            ("mib", [(second, one.mib) for second, one in of]),
            ("files", [(second, float(one.files)) for second, one in of]),
        ):
            only = [value for _, value in values]
            row |= {f"{name}_first": only[0], f"{name}_most": max(only), f"{name}_last": only[-1]}
            row[f"{name}_growth"] = growth(values)
        rows.append({name: round(value, 1) if isinstance(value, float) else value for name, value in row.items()})
    return rows


def main() -> int:
    parser = command_line(__doc__, seed=False)
    parser.add_argument("pid", type=int, help="the process of the run")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="how long to look, at most")
    options = parser.parse_args()
    try:
        process = psutil.Process(options.pid)
    except psutil.NoSuchProcess:
        raise UserError(f"there is no process {options.pid}: give the id of a run that is under way") from None
    where, began = machine(), time.monotonic()
    looks: list[tuple[float, dict[str, Seen]]] = []
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if (second := time.monotonic() - began) > options.seconds:
            break
        looks.append((second, look(process)))
        time.sleep(EVERY_SECONDS)
    if not looks:
        raise UserError(f"the process {options.pid} has ended already")
    rows = summary(looks)
    columns = {
        "kind": "{kind}",
        "processes": "{processes}",
        "MiB at first": "{mib_first}",
        "most": "{mib_most}",
        "at last": "{mib_last}",
        "an hour": "{mib_growth:+}",
        "files at first": "{files_first}",
        "files at last": "{files_last}",
    }
    headline = {"minutes": round(looks[-1][0] / 60, 1), "looks": len(looks)}
    headline["mib_growth"] = round(sum(row["mib_growth"] for row in rows), 1)
    headline["files_growth"] = round(sum(row["files_growth"] for row in rows), 1)
    tell(options, where, rows, headline, columns)
    return 0


if __name__ == "__main__":
    sys.exit(ended(main))
