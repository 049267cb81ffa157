"""CPU seconds for one hole: of this process and of the prover that it asks."""

from __future__ import annotations

import time

from pipeline.development.search.context import Context


class Spent(Exception):  # noqa: N818 (an event, not an error of ours)
    """The seconds of the hole are over."""


class Budget:
    """CPU seconds of this process and of a context's prover, from now on; `within` bounds it by another one's rest."""

    def __init__(self, context: Context, seconds: float, within: Budget | None = None) -> None:
        self._context = context
        given = seconds if within is None else min(seconds, within.left)
        self._end = self._now + given

    @property
    def _now(self) -> float:
        return self._context.session.prover_seconds + time.process_time()

    @property
    def left(self) -> float:
        return 0.0 if self._context.stopped() else self._end - self._now

    def check(self) -> None:
        """Raises `Spent` when nothing is left."""
        if self.left <= 0:
            raise Spent
