"""A discrete-event simulation's parts: a clock, a server with a queue, and a resource that all who are there share."""

from __future__ import annotations

import heapq
from collections.abc import Callable

Then = Callable[[], None]


class Clock:
    """Runs what is due, in the order of time; what is due at the same time runs in the order of asking."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Then]] = []
        self._asked = 0

    def at(self, time: float, then: Then) -> None:
        self._asked += 1
        heapq.heappush(self._due, (time, self._asked, then))

    def run(self) -> None:
        """Until nothing is due any more."""
        while self._due:
            self.now, _, then = heapq.heappop(self._due)
            then()


class Queue:
    """Serves one after the other."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._free_at = 0.0
        self.busy_seconds = 0.0

    def ask(self, seconds: float, then: Then) -> None:
        self._free_at = max(self._clock.now, self._free_at) + seconds
        self.busy_seconds += seconds
        self._clock.at(self._free_at, then)


class Shared:
    """Gives each who is there the same, `most` at most and `capacity` in all, per second.

    Everybody has had the same since he came, so he is done when the account of all has grown by what he asked for.
    """

    def __init__(self, clock: Clock, capacity: float, most: float) -> None:
        self._clock, self._capacity, self._most = clock, capacity, most
        self._account, self._seen_at = 0.0, 0.0
        self._there: list[tuple[float, int, Then]] = []
        self._came = self._planned = 0
        self.given = 0.0
        """What was given in all; divided by capacity and seconds it is the share of its time that it was busy."""

    def __len__(self) -> int:
        return len(self._there)

    def ask(self, amount: float, then: Then) -> None:
        self._settle()
        self._came += 1
        heapq.heappush(self._there, (self._account + amount, self._came, then))
        self._plan()

    def _rate(self) -> float:
        return min(self._most, self._capacity / len(self._there)) if self._there else 0.0

    def _settle(self) -> None:
        grown = self._rate() * (self._clock.now - self._seen_at)
        self._account += grown
        self.given += grown * len(self._there)
        self._seen_at = self._clock.now

    def _plan(self) -> None:
        """Comes back when the next one is done, unless somebody comes or goes before."""
        self._planned += 1
        if not self._there:
            return
        number = self._planned
        wait = max(0.0, self._there[0][0] - self._account) / self._rate()

        def done() -> None:
            if number != self._planned:
                return
            self._settle()
            _, _, then = heapq.heappop(self._there)
            self._plan()
            then()

        self._clock.at(self._clock.now + wait, done)
