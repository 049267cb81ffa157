"""Faults by seed in runs under way: nothing acknowledged is lost, each run ends, its tables are as without faults.

    python bench/faults.py --faults 50 --json docs/results/faults.json --resume      (about an hour; goes on behind it)
    python bench/faults.py --kinds prover,driver --faults 4

Each fault meets a run of its own, at a moment drawn from the time that one without faults takes. Whenever the run ends
with another exit code than 0, the same command is given again, as its last line asks. Then its tables are compared
with those of a run that was left alone, row by row but for their order. Not compared are seconds, ids of steps, the log
of events, what only tells of a step that was done twice (`OF_STEPS`), and which of two steps side by side came first.
`lost_lemmas` counts lemmas that the journal held when the fault came and that are not in the tables at the end. A fault
that met nothing it could hit, at five moments, is counted as `met_nothing`; `--resume` tries it again.

* `driver`, `library`, `verification`, `worker`, `prover`: SIGKILL for the process, or one of several.
* `raylet`: SIGKILL for Ray's own process on the machine, which ends all actors.
* `replica`: SIGKILL for one of two processes with the language model (a run with a model has tables of its own).
* `paused`: SIGSTOP for one of the first but the driver, and SIGCONT twenty seconds later. A prover stays stopped.
* `disk`: the file system of the run directory is full, for twenty seconds or until the run has ended.
* `node`: one of three hosts is lost (`bench.hosts`: root). `connection`: it is off the network for a while, and back.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil
import yaml

from bench.fault_kinds import TITLES, Run, acknowledged, cut, fill, kill, lose, pause, small_disk
from bench.hosts import Hosts, usable
from bench.script import Row, command_line, ended, machine, tell, write
from domain import OutsideError, UserError
from library_store.snapshot import Tables, read

SETTINGS: dict[str, Any] = {
    "seed": 0,
    "rounds": 2,
    "cpu_seconds": 7200,
    "problems": [
        {"dataset": "bundled", "split": "step1", "limit": 3},
        {"dataset": "bundled", "split": "step2", "limit": 3},
    ],
    "model": {"kind": "none"},
    "evolve": {"request_steps": 6, "explore_first": 2},
}
MODEL = {"kind": "local", "name": "memoryformer_small", "context": 512, "instructed": False, "replicas": 2}

LOCAL = ("driver", "library", "verification", "worker", "prover", "paused", "disk")
SHARES = {**dict.fromkeys(LOCAL, 6), "raylet": 2, "replica": 2, "node": 2, "connection": 2}
"""Kind → its share of the faults."""

TRIES = 4
"""How often the command is given."""

DRAWS = 5
"""How often a moment is drawn for one fault."""

COMPARED = ("definitions", "lemmas", "proofs", "edges", "attempts", "requests", "problems")
NOT_COMPARED = frozenset({"attempt_id", "seconds", "revision"})
"""Columns that say which step wrote a row, how long it took and how often the row was written."""

OF_STEPS = ("round", "kind", "target", "operator", "verdict", "reason", "proof", "uses")
"""What is compared of `attempts`. A step that is done again finds there what it had found before: what it counts as
new, what it mentions (edges of that kind) and what it is offered differ then."""

WHO_CAME_FIRST = frozenset({"origins", "asked_by"})
"""Problems that a statement came from: of two steps side by side that find the same one, the first has it."""


def tables(directory: Path) -> dict[str, Counter[str]]:
    """What is compared of a run's tables."""
    found: Tables = read(directory)
    told: dict[str, Counter[str]] = {}
    for name in COMPARED:
        rows = [row for row in found.rows(name) if name != "edges" or row["kind"] != "mentioned"]
        told[name] = Counter(
            json.dumps(
                {
                    key: value
                    for key, value in row.items()
                    if (key in OF_STEPS if name == "attempts" else key not in NOT_COMPARED | WHO_CAME_FIRST)
                },
                default=str,
            )
            for row in rows
        )
    return told


def unequal(one: dict[str, Counter[str]], other: dict[str, Counter[str]]) -> list[str]:
    return [name for name in one if one[name] != other[name]]


# --------------------------------------------------------------------------------------------------------- experiment


def undisturbed(folder: Path, settings: dict[str, Any]) -> tuple[Path, float, dict[str, Counter[str]]]:
    """Two runs that are left alone: the configuration, the seconds of the second, and the tables in which they agree.

    Without a model they agree in all; what two replicas of a model write depends on who was asked with whom.
    """
    configuration = folder / "configuration.yaml"
    configuration.write_text(yaml.safe_dump(settings))
    found: list[dict[str, Counter[str]]] = []
    seconds = 0.0
    for number in (1, 2):
        began = time.monotonic()
        run = Run(configuration, folder / f"alone{number}", None)
        if run.wait() != 0:
            raise OutsideError(f"a run without faults failed: {run.said()[-500:]}")
        seconds = time.monotonic() - began
        found.append(tables(run.directory))
    differ = unequal(*found)
    if differ and settings["model"]["kind"] == "none":
        raise OutsideError(f"two runs without faults differ in {', '.join(differ)}: nothing can be compared")
    return configuration, seconds, {name: rows for name, rows in found[0].items() if name not in differ}


def disturbed(
    kind: str,
    rng: random.Random,
    folder: Path,
    alone: tuple[Path, float, dict[str, Counter[str]]],
    hosts: Hosts | None,
) -> Row | None:
    """What becomes of a run that meets a fault; None if the moment came when nothing was there that it could hit."""
    configuration, usual, expected = alone
    ways: dict[str, Callable[[Run, random.Random], Callable[[], None]]] = {
        **{name: partial(kill, name) for name in ("driver", *TITLES)},
        "paused": pause,
        "disk": fill,
        **({} if hosts is None else {"node": partial(lose, hosts), "connection": partial(cut, hosts)}),
    }
    directory = folder / "run"
    began = time.monotonic()
    run = Run(configuration, directory, hosts)
    while not run.began and run.process.poll() is None:
        time.sleep(0.2)
    started = time.monotonic() - began
    moment = rng.uniform(0.0, max(1.0, usual - started))
    with suppress(subprocess.TimeoutExpired):
        run.process.wait(moment)
    exits: list[int] = []
    try:
        if run.process.poll() is not None:
            raise LookupError("it has ended")
        mend = ways[kind](run, rng)
    except (LookupError, psutil.NoSuchProcess):
        run.wait()
        run.end()
        return None
    known = acknowledged(directory)
    mend()
    while True:
        exits.append(run.wait())
        run.end()
        if exits[-1] == 0 or len(exits) == TRIES:
            break
        run = Run(configuration, directory, hosts)
    last = [line for line in run.said().splitlines() if line.startswith("error:")]
    row: Row = {"kind": kind, "at_seconds": round(started + moment, 1), "exit_codes": exits}
    row |= {"seconds": round(time.monotonic() - began, 1), "errors": last, "acknowledged": len(known)}
    row |= {"compared": [*expected]}
    if exits[-1] != 0:
        return row | {"ended": False, "lost": len(known), "unequal": [*expected], "said": run.said()[-1000:]}
    lost = len(known - {row["id"] for row in read(directory).rows("lemmas")})
    return row | {"ended": True, "lost": lost, "unequal": unequal(expected, tables(directory))}


def drawn(count: int, kinds: list[str], rng: random.Random) -> list[str]:
    """Kinds of so many faults, by their shares, in an order drawn at random."""
    total = sum(SHARES[kind] for kind in kinds)
    ideal = [kind for kind in kinds for _ in range(max(1, round(count * SHARES[kind] / total)))]
    rng.shuffle(ideal)
    return [*ideal, *rng.choices(kinds, k=max(0, count - len(ideal)))][:count]


def headline(rows: list[Row], met_nothing: int) -> dict[str, Any]:
    return {
        "faults": len(rows),
        "met_nothing": met_nothing,
        "lost_lemmas": sum(row["lost"] for row in rows),
        "unequal_tables": sum(len(row["unequal"]) for row in rows),
        "runs_that_did_not_end": sum(not row["ended"] for row in rows),
        "ended_without_help": sum(row["exit_codes"] == [0] for row in rows),
    }


def main() -> int:
    parser = command_line(__doc__)
    parser.add_argument("--faults", type=int, default=50)
    parser.add_argument("--kinds", default=",".join(SHARES), help="of faults, with commas between them")
    parser.add_argument("--resume", action="store_true", help="go on behind the faults that the JSON has")
    options = parser.parse_args()
    kinds: list[str] = options.kinds.split(",")
    if unknown := set(kinds) - set(SHARES):
        raise UserError(f"--kinds {', '.join(sorted(unknown))}: not among {', '.join(SHARES)}")
    if why := usable():
        print(f"left out: disk, node and connection ({why})", file=sys.stderr)
        kinds = [kind for kind in kinds if kind not in ("disk", "node", "connection")]
    where, order = machine(), drawn(options.faults, kinds, random.Random(options.seed))
    rows: list[Row] = []
    if options.resume and options.json and options.json.is_file():
        rows = json.loads(options.json.read_text())["rows"]
    done = {row["number"] for row in rows}
    left = [(number, kind) for number, kind in enumerate(order) if number not in done]
    known: dict[bool, tuple[Path, float, dict[str, Counter[str]]]] = {}
    met_nothing = 0
    with tempfile.TemporaryDirectory(prefix="faults") as temporary:
        for number, kind in left:
            asks = kind == "replica"
            if asks not in known:
                folder = Path(temporary) / f"alone{asks}"
                folder.mkdir()
                known[asks] = undisturbed(folder, {**SETTINGS, "model": MODEL} if asks else SETTINGS)
            source = random.Random(f"{options.seed} {number}")
            for _ in range(DRAWS):
                folder = Path(tempfile.mkdtemp(prefix=f"{number}.", dir=temporary))
                row = one(kind, source, folder, known[asks])
                if row is not None:
                    rows.append({"number": number, **row})
                    print(json.dumps(rows[-1]), file=sys.stderr)
                    break
            else:
                met_nothing += 1
                print(f"fault {number}: in {DRAWS} runs there was no {kind} at the moments drawn", file=sys.stderr)
            write(options, where, rows, headline(rows, met_nothing))
    columns = {
        "fault": "{kind}",
        "at": "{at_seconds}",
        "exits": "{exit_codes}",
        "lost": "{lost}",
        "unequal": "{unequal}",
    }
    tell(options, where, rows, headline(rows, met_nothing), columns)
    return 0


def one(kind: str, rng: random.Random, folder: Path, alone: tuple[Path, float, dict[str, Counter[str]]]) -> Row | None:
    """A fault, with what it needs around it."""
    if kind in ("node", "connection"):
        with Hosts(3) as hosts:
            return disturbed(kind, rng, folder, alone, hosts)
    if kind == "disk":
        with small_disk(folder):
            return disturbed(kind, rng, folder, alone, None)
    return disturbed(kind, rng, folder, alone, None)


if __name__ == "__main__":
    sys.exit(ended(main))
