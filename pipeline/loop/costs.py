"""What a run costs: CPU seconds of its whole process tree, over all of its sessions, by part and by round.

A session is charged from `run` on: what its process spent before that, in importing this program or in an earlier run,
is not the run's.

A run is charged after every step (`charge`), so a session that is killed leaves behind what it had spent; what it had
spent in a round that it did not finish is that round's part `stopped sessions`. A charge is what was measured last:
measuring asks every process, and is not done so often that it takes more than a hundredth of the time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from actors import accounting
from actors.cluster import gather_known
from library_store.schema import SPENT, Metric
from pipeline.loop.workers import Workers

PATIENCE = 5.0
"""Seconds after which an actor that does not answer is taken to have spent what it last said."""

SELDOM = 100.0
"""How many times as long as measuring took nothing is measured again."""


class Costs:
    """The account of a run, open for one session."""

    def __init__(self, workers: Workers, before: float) -> None:
        """Reads what earlier sessions were charged for; `before` is what the process tree had spent before this one."""
        self._workers = workers
        self._tree = accounting.Account()
        self._before = before
        self._earlier = workers.library.charged_seconds()
        """CPU seconds that earlier sessions of the run were charged for, less what this one is not charged for."""
        self._stopped = workers.library.stopped_seconds()
        self._coordination = 0.0
        self._recorded: dict[str, float] = {}
        self._measured, self._stale_at = 0.0, 0.0
        self._last: dict[Any, tuple[float, float]] = {}
        """Actor → what it had spent before its last death, and since."""
        self._began = time.monotonic()
        self._dispatch = self._library = 0.0

    def spent(self) -> float:
        """CPU seconds that the whole run, its earlier sessions included, is charged for so far."""
        if (began := time.monotonic()) >= self._stale_at:
            self._measured = self._here() if self._workers.local else sum(self.by_part().values())
            self._stale_at = time.monotonic() + SELDOM * (time.monotonic() - began)
        return self._earlier + self._measured

    def charge(self, subject: str, attempt_id: str = "") -> float:
        """Records what the run has spent after a step; returns it."""
        spent = self.spent()
        self._workers.library.add_event(SPENT, subject, attempt_id=attempt_id, detail={"cpu_seconds": spent})
        return spent

    def release(self, cpu_seconds: float) -> None:
        """Takes off the account what the settings charge nobody for."""
        self._earlier -= cpu_seconds

    def model_share(self, spent: float) -> tuple[float, float]:
        """CPU seconds of the language model in this session, without its start, and of everything in this session."""
        return self._workers.model_seconds(), spent - self._earlier

    def by_part(self) -> dict[str, float]:
        """CPU seconds of this session so far by part; the parts add up to its whole process tree."""
        workers = self._workers
        parts: dict[str, float] = {
            "verification": self._of([one.handle for one in workers.verifiers]),
            "workers": self._of(workers.all),
            "library": workers.library.cpu_seconds(),
            "model": workers.model_seconds(),
        }
        here = self._here()
        self._coordination = max(self._coordination, here - sum(parts.values()) if workers.local else here)
        return {**parts, "coordination": self._coordination}

    def _of(self, actors: Sequence[Any]) -> float:
        """What actors have spent, as far as it is known: of one that died its last answer stays, and it counts anew."""
        asked = gather_known([actor.cpu_seconds.remote() for actor in actors], PATIENCE)
        for actor, seconds in zip(actors, asked, strict=True):
            earlier, last = self._last.get(actor, (0.0, 0.0))
            if seconds is not None:
                self._last[actor] = (earlier + last, seconds) if seconds < last else (earlier, seconds)
        return sum(sum(self._last.get(actor, ())) for actor in actors)

    def _here(self) -> float:
        return self._tree.cpu_seconds() - self._before

    def begin_round(self) -> None:
        self._began, self._dispatch, self._library = time.monotonic(), 0.0, 0.0

    def dispatched(self, seconds: float, library: float) -> None:
        """Takes two figures to the round's account.

        Args:
            seconds: wall time in which work was handed out or taken in, and none waited for.
            library: CPU seconds of the library while steps were done.
        """
        self._dispatch += seconds
        self._library += library

    def end_round(self) -> None:
        """Records as metrics CPU seconds of the round by part, its wall seconds, and the memory in use at its end."""
        wall, now = time.monotonic() - self._began, self.by_part()
        metrics = [Metric("cpu_seconds", part, 0, now[part] - self._recorded.get(part, 0.0), "s") for part in now]
        if self._stopped > 0:
            metrics.append(Metric("cpu_seconds", "stopped sessions", 0, self._stopped, "s"))
        metrics.append(Metric("seconds", "wall", 0, wall, "s"))
        metrics.append(Metric("seconds", "dispatch", 0, self._dispatch, "s"))
        metrics.append(Metric("seconds", "library at steps", 0, self._library, "s"))
        metrics.append(Metric("proportional_memory", "process tree", 0, accounting.proportional_memory(), "B"))
        self._workers.library.add_metrics(metrics)
        self._recorded, self._stopped = now, 0.0
