"""Whether the sources of a development have been saved since: their times and sizes are looked at again and again.

Invariant: what is interrupted by a saved file loses nothing but the hole at which it was, as after Ctrl-C.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from domain import UserError
from pipeline.development.project import coq_project

EVERY_SECONDS = 0.5
"""How often the files are looked at."""


class Saved(BaseException):
    """A file was saved while its development was worked on; like an interruption, nothing of ours may catch it."""


class Watched:
    """The sources of a development, and its project file."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._seen = self._state()

    def changed(self) -> frozenset[Path]:
        """What was written, made or removed since the last time."""
        before, self._seen = self._seen, self._state()
        return frozenset(path for path, _ in before.items() ^ self._seen.items())

    def wait(self) -> frozenset[Path]:
        """Waits until something is changed, and then until nothing more is."""
        found: frozenset[Path] = frozenset()
        while True:
            time.sleep(EVERY_SECONDS)
            now = self.changed()
            if found and not now:
                return found
            found |= now

    @contextmanager
    def interrupts(self) -> Generator[None]:
        """Raises `Saved`, once, in what is done below it when a file is saved. Of the main thread alone."""

        def look(_signal: int, _frame: FrameType | None) -> None:
            if self._state() != self._seen:
                signal.setitimer(signal.ITIMER_REAL, 0.0)
                raise Saved

        before = signal.signal(signal.SIGALRM, look)
        signal.setitimer(signal.ITIMER_REAL, EVERY_SECONDS, EVERY_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, before)

    def _state(self) -> dict[Path, tuple[int, int]]:
        try:
            project = coq_project.find(self._target)
        except UserError:  # it is being written, or gone for a moment
            return {}
        found: dict[Path, tuple[int, int]] = {}
        for path in (*project.files, project.root / coq_project.PROJECT_FILE):
            try:
                stat = path.stat()
            except OSError:
                continue
            found[path] = (stat.st_mtime_ns, stat.st_size)
        return found
