"""Where a run on many cores and GPUs would wait: the round loop as a discrete-event simulation, with its own scheduler.

    python bench/scale.py --record RUN --json scale.json
    python bench/scale.py --record RUN --foretell OTHER --json scale.json       (and how far off it is)

`RUN` is the directory of a run without a language model and with one worker, whose steps are what is drawn from: how
long each was at work, how much of it the library and the driver had, whether it proved. What is next is decided by the
scheduler that runs use (`pipeline.loop.scheduler`); nothing of it is copied here.

Calibration: the steps of `RUN`, each as long as it was there, are done by as many workers as `OTHER` had, on as many
cores. `calibration_error` says how far the wall seconds of all rounds are from those of `OTHER`.

Scale: so many problems that every core has forty, drawn from the recorded ones with replacement, signatures likewise.
Steps share the cores. An attempt that leaves its problem open asks the model next, for `SAMPLES` answers of `TOKENS`
tokens in the mean, as a prover of eight billion parameters writes them, and each is checked for `CHECK_SECONDS`. What a
GPU does in a second is assumed and was not measured here (`GPU_TOKENS`). There are as many workers as cores, and with
GPUs also two and four times as many. A round ends when its last step has (`barrier`), or the next one begins before
that (`asynchronous`), which the loop does not do today. There a problem's next attempt does not wait for the one
before, so what it saves is the most that could be saved.
"""

from __future__ import annotations

import math
import random
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from bench.script import Row, command_line, ended, machine, tell
from bench.simulation import Clock, Queue, Shared
from domain import UserError
from library_store.snapshot import Tables, read
from pipeline.loop import scheduler
from pipeline.loop.candidates import Candidates, OpenRequest
from pipeline.loop.resume import stored
from pipeline.loop.scheduler import Action, Plan

SIZES = ((1, 0), (16, 1), (64, 4), (250, 16), (1000, 64))
"""Cores for provers, and GPUs for the model."""

PROBLEMS_PER_CORE = 40
SAMPLES, TOKENS = 4, 1500
GPU_TOKENS, SEQUENCE_TOKENS = 2500.0, 60.0
"""Tokens a second: of a GPU in all, and of one answer alone."""

CHECK_SECONDS = 1.0
"""Core seconds of the checks of one answer."""


class Step(NamedTuple):
    """How long a step is at work, and what became of it."""

    seconds: float
    proved: bool = False


class Round(NamedTuple):
    """The steps of one round, by what they were at, in their order."""

    prove: dict[str, Step]
    explore: dict[str, Step]
    requests: dict[str, Step]


class Recorded(NamedTuple):
    rounds: list[Round]
    library: float
    """Seconds that the library's actor is at work for one step."""
    driver: float
    """Seconds that the driver was."""
    wall: float
    """Seconds of all rounds."""
    besides: float
    """Of these, those in which no step was at work: consolidation, the recheck, snapshots."""
    workers: int


def recorded(directory: Path) -> Recorded:
    """The steps of a run.

    Raises:
        UserError: it has a language model, no steps, or was made before runs told what this needs.
    """
    tables, settings = read(directory), stored(directory)
    rows = sorted(tables.rows("attempts"), key=lambda row: str(row["id"]))
    if not rows or settings.model.kind != "none":
        raise UserError(f"{directory}: give a run with steps and without a language model")
    spent: defaultdict[str, float] = defaultdict(float)
    for row in tables.rows("metrics"):
        spent[f"{row['name']} {row['part']}"] += row["value"]
    if settings.prove.workers == "auto" or "seconds library at steps" not in spent:
        raise UserError(f"{directory}: give a run of this version with a number as prove.workers")
    rounds = [Round({}, {}, {}) for _ in tables.manifests]
    for row in rows:
        of = rounds[row["round"] - 1]
        steps = {"problem": of.prove, "request": of.requests}.get(row["kind"], of.explore)
        steps[row["target"]] = Step(row["seconds"], row["verdict"] == "accepted")
    workers, library = settings.prove.workers, _of_the_library(tables, rounds)
    driver = spent["seconds dispatch"] / len(rows)
    busy = (sum(row["seconds"] for row in rows) + spent["seconds dispatch"]) / workers
    return Recorded(rounds, library, driver, spent["seconds wall"], max(0.0, spent["seconds wall"] - busy), workers)


def _of_the_library(tables: Tables, rounds: list[Round]) -> float:
    """CPU seconds of the library's actor for one step: by least squares, beside what it takes while it is idle."""
    by_round = {(row["round"], row["part"]): row["value"] for row in tables.rows("metrics") if row["name"] == "seconds"}
    numbers = range(1, len(rounds) + 1)
    counts = [len(of.prove) + len(of.explore) + len(of.requests) for of in rounds]
    known = np.array([[count, by_round[number, "wall"]] for count, number in zip(counts, numbers, strict=True)])
    spent = np.array([by_round[number, "library at steps"] for number in numbers])
    per_step, _ = np.linalg.lstsq(known, spent, rcond=None)[0]
    return max(0.0, float(per_step))


def larger(found: Recorded, problems: int, source: random.Random) -> list[Round]:
    """So many problems, each as one of the recorded ones was, through all rounds; signatures in the same proportion."""
    names = list(found.rounds[0].prove)
    drawn = [(f"{name} {number}", name) for number, name in enumerate(source.choices(names, k=problems))]
    made: list[Round] = []
    for of in found.rounds:
        many = len(of.explore) * problems // len(names)
        explored = source.choices(list(of.explore), k=many) if many else []
        prove = {new: of.prove[old] for new, old in drawn if old in of.prove}
        made.append(Round(prove, {f"{key} {at}": of.explore[key] for at, key in enumerate(explored)}, of.requests))
    return made


class Run:
    """A run in the simulation."""

    def __init__(self, rounds: list[Round], found: Recorded, cores: int, gpus: int, workers: int, seed: int) -> None:
        self.clock = Clock()
        self.driver, self.library = Queue(self.clock), Queue(self.clock)
        self.cores = Shared(self.clock, float(cores), 1.0)
        self.gpus = [Shared(self.clock, GPU_TOKENS, SEQUENCE_TOKENS) for _ in range(gpus)]
        self._rounds, self._found, self._workers = rounds, found, workers
        self._draws = random.Random(seed)
        self._number = -1
        self._running = 0
        self._plan = Plan((), (), 0, 0, 0.7, workers)
        self._asynchronous = False

    def seconds(self, *, asynchronous: bool = False) -> float:
        """Runs all rounds; how long they take, without what is besides the steps."""
        self._asynchronous = asynchronous
        self._next_round()
        self.clock.run()
        return self.clock.now

    def _next_round(self) -> None:
        self._number += 1
        of = self._rounds[self._number]
        plan = Plan(tuple(of.prove), (), len(of.requests), 0, 0.7, self._workers, fresh=tuple(of.explore))
        before = self._plan
        self._plan = replace(plan, proving=before.proving, evolving=before.evolving, taken=before.taken)
        self._hand_out()

    def _hand_out(self) -> None:
        """Gives free workers what the scheduler says, each after a moment of the driver's."""
        requests = [OpenRequest(one) for one in self._rounds[self._number].requests]
        while True:
            choice = scheduler.choose(self._plan, Candidates(requests), self._draws.random(), model=False)
            self._plan = choice.plan
            if choice.action is None:
                break
            action, number = choice.action, self._number
            self._running += 1
            self.driver.ask(self._found.driver / 2, lambda action=action, number=number: self._work(action, number))
        waits = self._running and not (self._asynchronous and self._plan.busy < self._workers)
        if not waits and self._number + 1 < len(self._rounds):
            self._next_round()

    def _work(self, action: Action, number: int) -> None:
        of = self._rounds[number]
        steps = {"prove": of.prove, "explore": of.explore}.get(action.kind, of.requests)
        step = steps[action.target]

        def told() -> None:
            self.library.ask(self._found.library, lambda: self.driver.ask(self._found.driver / 2, finished))

        def finished() -> None:
            self._running -= 1
            self._plan = scheduler.finish(self._plan, action)
            self._hand_out()

        asks = self.gpus and action.kind == "prove" and not step.proved
        work = max(0.0, step.seconds - self._found.library)
        self.cores.ask(work, (lambda: self._ask_model(told)) if asks else told)

    def _ask_model(self, then: Callable[[], None]) -> None:
        left = [SAMPLES]

        def checked() -> None:
            left[0] -= 1
            if not left[0]:
                then()

        for _ in range(SAMPLES):
            tokens = TOKENS * math.exp(self._draws.gauss(-0.125, 0.5))  # log-normal with mean `TOKENS`
            gpu = min(self.gpus, key=len)
            gpu.ask(tokens, lambda: self.cores.ask(CHECK_SECONDS, checked))

    def busy(self, cores: int) -> dict[str, float]:
        """The shares of the time in which each of the resources was busy."""
        seconds = self.clock.now
        shares = {"cores": self.cores.given / (cores * seconds)}
        if self.gpus:
            shares["gpus"] = sum(one.given for one in self.gpus) / (len(self.gpus) * GPU_TOKENS * seconds)
        shares["driver"] = self.driver.busy_seconds / seconds
        shares["library"] = self.library.busy_seconds / seconds
        return {name: round(share, 3) for name, share in shares.items()}


def scaled(found: Recorded, cores: int, gpus: int, ratio: int, seed: int, *, asynchronous: bool) -> Row:
    rounds = larger(found, PROBLEMS_PER_CORE * cores, random.Random(seed))
    run = Run(rounds, found, cores, gpus, ratio * cores, seed)
    seconds = run.seconds(asynchronous=asynchronous)
    shares = run.busy(cores)
    row: Row = {"cores": cores, "gpus": gpus, "workers": ratio * cores}
    row |= {"rounds": "asynchronous" if asynchronous else "barrier", "seconds": round(seconds, 1)}
    return row | {"busy": shares, "bottleneck": max(shares, key=lambda name: shares[name])}


def main() -> int:
    parser = command_line(__doc__)
    parser.add_argument("--record", type=Path, required=True, help="directory of a run with one worker")
    parser.add_argument("--foretell", type=Path, help="directory of a run of the same with more workers")
    parser.add_argument("--cores", type=int, default=2, help="that the second one had")
    parser.add_argument("--largest", type=int, default=1000, help="leave out more cores than these")
    options = parser.parse_args()
    where, found = machine(), recorded(options.record)
    headline: dict[str, float] = {"driver_ms_per_step": round(1000 * found.driver, 2)}
    headline["library_ms_per_step"] = round(1000 * found.library, 2)
    if options.foretell is not None:
        real = recorded(options.foretell)
        run = Run(found.rounds, found, options.cores, 0, real.workers, options.seed)
        foretold = run.seconds() + found.besides
        headline |= {"foretold_seconds": round(foretold, 1), "real_seconds": round(real.wall, 1)}
        headline["calibration_error"] = round(abs(foretold / real.wall - 1.0), 3)
    rows: list[Row] = []
    for cores, gpus in (size for size in SIZES if size[0] <= options.largest):
        for ratio in (1, 2, 4) if gpus else (1,):
            for asynchronous in (False, True):
                rows.append(scaled(found, cores, gpus, ratio, options.seed, asynchronous=asynchronous))
                print(rows[-1], file=sys.stderr)
    largest = [row for row in rows if row["cores"] == 1000 and row["rounds"] == "barrier"]
    if largest:
        headline["bottleneck_busy_1000"] = max(largest[0]["busy"].values())
    columns = {name: f"{{{name}}}" for name in ("cores", "gpus", "workers", "rounds", "seconds", "busy", "bottleneck")}
    tell(options, where, rows, headline, columns)
    return 0


if __name__ == "__main__":
    sys.exit(ended(main))
