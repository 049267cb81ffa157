"""What work costs: CPU seconds of this process and of provers that answer it, and wall time.

Other work on the machine changes CPU seconds less than the clock, so ratios are of CPU seconds where both are told.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

Answer = TypeVar("Answer")

Call = Callable[[], object]


def nobody() -> float:
    """The CPU seconds of provers where there are none."""
    return 0.0


class Spent(NamedTuple):
    """Seconds of a piece of work."""

    cpu: float
    wall: float

    def and_then(self, other: Spent) -> Spent:
        return Spent(self.cpu + other.cpu, self.wall + other.wall)

    def per(self, checks: int) -> dict[str, float]:
        """Milliseconds of one check of so many, and how many a second and core."""
        cpu, wall = (round(1000 * seconds / checks, 3) for seconds in self)
        return {"cpu_ms": cpu, "wall_ms": wall, "per_second": round(1000 / max(cpu, 1e-3), 1)}


@dataclass
class Meter:
    """Adds up what work cost, piece by piece; `provers` says the CPU seconds that other processes have taken so far."""

    provers: Callable[[], float] = nobody
    spent: list[Spent] = field(default_factory=list[Spent])

    def run(self, work: Callable[[], Answer]) -> Answer:
        provers, cpu, wall = self.provers(), time.process_time(), time.perf_counter()
        answer = work()
        seconds, own = time.perf_counter() - wall, time.process_time() - cpu
        self.spent.append(Spent(own + self.provers() - provers, seconds))
        return answer

    @property
    def total(self) -> Spent:
        return total(self.spent)


def total(costs: Sequence[Spent]) -> Spent:
    return Spent(sum(one.cpu for one in costs), sum(one.wall for one in costs))


def spent(work: Callable[[], object]) -> Spent:
    """What one piece of work costs in this process."""
    meter = Meter()
    meter.run(work)
    return meter.spent[0]


def percentile(seconds: Sequence[float], percent: int) -> float:
    """In milliseconds."""
    return round(1000 * statistics.quantiles(seconds, n=100)[percent - 1], 3)


# ----------------------------------------------------------------------------------------------- sides that take turns


class Budget(NamedTuple):
    """How much is measured of each side."""

    seconds: float
    least: int
    most: int


def timed(call: Call) -> int:
    start = time.perf_counter_ns()
    call()
    return time.perf_counter_ns() - start


def medians(sides: dict[str, Iterator[Call]], budget: Budget, turns: int = 6) -> dict[str, float]:
    """Side → median microseconds of a call. Sides take turns; the first calls of each turn are not counted."""
    found: dict[str, list[int]] = {name: [] for name in sides}
    each = {}
    for name, calls in sides.items():
        first = min(timed(next(calls)) for _ in range(2))
        each[name] = min(budget.most, max(budget.least, int(budget.seconds * 1e9 / first))) // turns + 1
    for _ in range(turns):
        for name, calls in sides.items():
            for _ in range(min(3, each[name])):
                next(calls)()
            found[name] += [timed(next(calls)) for _ in range(each[name])]
    return {name: statistics.median(times) / 1e3 for name, times in found.items()}
