"""A limit of CPU seconds for computation of ours that asks nothing of the prover: its length cannot be known before.

Invariant: what is interrupted keeps nothing: whoever is called under an alarm works on objects of its own.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


class Over(Exception):  # noqa: N818 (an event, not an error of ours)
    """The seconds are over."""


@contextmanager
def alarm(seconds: float) -> Generator[None]:
    """Raises `Over` in what is done below it, once this process has used so many CPU seconds.

    Only the main thread can be interrupted; elsewhere there is no limit. Not to be nested, see `paused`.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGPROF, _over)
    signal.setitimer(signal.ITIMER_PROF, max(seconds, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def paused() -> Generator[None]:
    """No alarm goes off in what is done below it, a question to the prover say; the seconds left count on behind it."""
    left = signal.getitimer(signal.ITIMER_PROF)[0]
    signal.setitimer(signal.ITIMER_PROF, 0.0)
    try:
        yield
    finally:
        if left:
            signal.setitimer(signal.ITIMER_PROF, left)


def _over(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise Over
