"""What it costs that many work on one library: the seconds of coordination, and how many proposals the library takes.

    python bench/coordination.py --json coordination.json               (quickstart, and 40,000 proposals)
    python bench/coordination.py --config configs/tip_prod.yaml         (another run)
    python bench/coordination.py --proposals 2000 --config ""           (no run)

`share_of_wall_time` is the part of a run's rounds in which its driver did not wait for a step, but handed out work and
took results in. The table says of what processes the run's CPU seconds were; those of programs that a process has
started and waited for, as E and bubblewrap, stand beside its own. Start and report are among them.

`proposals_per_second`: several callers, each in a process of its own, propose lemmas to the library's actor, a batch
at a time, and wait until it is on the disk. Every lemma comes from two of them, so half of them are known already.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil
import ray

from actors import cluster, library
from bench.script import REPOSITORY, Row, command_line, ended, machine, tell
from bench.synthetic_lemmas import AUDITED, Source, World, world
from domain import OutsideError
from library_store.admission import Proposal
from library_store.snapshot import read

CALLERS = 4
EVERY_SECONDS = 1.0

PARTS = {
    "-m pipeline": "driver",
    "ray::Worker": "workers",
    "ray::Verification": "verification actors",
    "ray::SharedLibrary": "library actor",
    "ray::SharedModel": "model actor",
    "coqidetop": "provers",
    "eprover": "E",
    "ray": "Ray",
}
"""What a command line holds → whose process that is, the first that fits."""


# ---------------------------------------------------------------------------------------------------------- proposals


class Caller:
    """Has its proposals ready, and makes them when it is told to."""

    def __init__(self, of: World, seed: int, count: int, batch: int) -> None:
        proposals = [Proposal(lemma, AUDITED) for lemma in Source(of, seed, count).lemmas(count)]
        self._batches = [proposals[start : start + batch] for start in range(0, len(proposals), batch)]

    def ready(self) -> list[str]:
        """The ids that it will propose."""
        return [one.lemma.id for some in self._batches for one in some]

    def propose(self, handle: Any) -> int:
        """How many of the lemmas were new."""
        return sum(answer.new for batch in self._batches for answer in ray.get(handle.insert_many.remote(batch)))


def proposals(folder: Path, count: int, batch: int, seed: int) -> Row:
    """So many proposals to a library that is empty, in batches."""
    cluster.connect(address=None, cpus=None, object_store_mib=200)
    try:
        of = world()
        handle = library.start(folder, local=True)
        ray.get(handle.add_definitions.remote(of.definitions))
        actor: Any = ray.remote(num_cpus=0)(Caller)
        shared = ray.put(of)
        each = count // CALLERS
        callers = [actor.remote(shared, seed + number // 2, each, batch) for number in range(CALLERS)]
        asked: list[list[str]] = ray.get([caller.ready.remote() for caller in callers])
        proposed, distinct = sum(map(len, asked)), len({name for names in asked for name in names})
        before: float = ray.get(handle.cpu_seconds.remote())
        began = time.monotonic()
        new = sum(ray.get([caller.propose.remote(handle) for caller in callers]))
        seconds = time.monotonic() - began
        after: float = ray.get(handle.cpu_seconds.remote())
        if new != distinct:
            raise OutsideError(f"{new} of {distinct} distinct proposals were taken for new ones")
        ray.get(handle.close.remote())
    finally:
        cluster.leave()
    row: Row = {"part": f"proposals in batches of {batch}", "count": proposed, "seconds": round(seconds, 2)}
    return row | {"a_second": round(proposed / seconds), "cpu_seconds": round(after - before, 2)}


# ----------------------------------------------------------------------------------------------------------------- run


class Watch:
    """The highest CPU seconds seen of each process below one, by whose it is."""

    def __init__(self, root: int) -> None:
        self._root = psutil.Process(root)
        self._seen: dict[tuple[int, float], tuple[str, float, float]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            with suppress(psutil.NoSuchProcess):
                for process in [self._root, *self._root.children(recursive=True)]:
                    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                        line, times = " ".join(process.cmdline()) or process.name(), process.cpu_times()
                        whose = next((part for sign, part in PARTS.items() if sign in line), "others")
                        below = times.children_user + times.children_system
                        self._seen[process.pid, process.create_time()] = (whose, times.user + times.system, below)

    def rows(self) -> list[Row]:
        self._over.set()
        self._thread.join()
        own: defaultdict[str, float] = defaultdict(float)
        below: defaultdict[str, float] = defaultdict(float)
        for whose, seconds, started in self._seen.values():
            own[whose] += seconds
            below[whose] += started
        return [
            {"part": whose, "cpu_seconds": round(own[whose], 1), "cpu_seconds_of_what_it_ended": round(below[whose], 1)}
            for whose in sorted(own, key=lambda one: -own[one] - below[one])
        ]


def whole_run(configuration: str, folder: Path) -> tuple[list[Row], dict[str, float]]:
    """The processes of a run, and its shares."""
    command = [sys.executable, "-m", "pipeline", "run", configuration, "--out", str(folder)]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    watch = Watch(process.pid)
    _, said = process.communicate()
    rows = watch.rows()
    if process.returncode:
        raise OutsideError(f"the run failed: {said[-500:]}")
    found = read(folder)
    metrics = list(found.rows("metrics"))

    def total(name: str, part: str) -> float:
        return sum(row["value"] for row in metrics if row["name"] == name and row["part"] == part)

    wall, spent = total("seconds", "wall"), sum(row["value"] for row in metrics if row["name"] == "cpu_seconds")
    return rows, {
        "share_of_wall_time": round(total("seconds", "dispatch") / wall, 4),
        "coordination_share_of_cpu_seconds": round(total("cpu_seconds", "coordination") / spent, 4),
        "workers_share_of_cpu_seconds": round(total("cpu_seconds", "workers") / spent, 4),
        "wall_seconds": round(wall, 1),
        "cpu_seconds": round(spent, 1),
        "solved": found.manifests[-1].counts["solved"],
    }


def main() -> int:
    parser = command_line(__doc__)
    parser.add_argument("--proposals", type=int, default=40_000)
    parser.add_argument("--batches", default="32,8,1", help="proposals of one call; the first is the headline's")
    parser.add_argument("--config", default="configs/quickstart.yaml", help="of the run; empty leaves it out")
    options = parser.parse_args()
    where, rows = machine(), list[Row]()
    headline: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="coordination") as temporary:
        for number, batch in enumerate(map(int, options.batches.split(","))):
            rows.append(proposals(Path(temporary) / str(batch), options.proposals, batch, options.seed))
            if number == 0:
                headline["proposals_per_second"] = rows[-1]["a_second"]
            print(rows[-1], file=sys.stderr)
        if options.config:
            parts, shares = whole_run(options.config, Path(temporary) / "run")
            rows += parts
            headline = shares | headline
    for row in rows:
        print(*(f"{name}: {value}" for name, value in row.items()), sep=", ")
    tell(options, where, rows, headline)
    return 0


if __name__ == "__main__":
    sys.exit(ended(main))
