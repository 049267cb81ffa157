"""The single writer of the library (design, invariant 2): one actor, one call at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ray

from actors.accounting import cpu_seconds
from library_store.library import Library


class SharedLibrary(Library):
    """The library for callers in other processes."""

    def query(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """`function(library, *arguments)` in this process; it must only read."""
        return function(self, *arguments)

    def cpu_seconds(self) -> float:
        return cpu_seconds()


PATIENCE = 30.0
"""Seconds that a new writer waits for an earlier one, whose driver was killed a moment ago perhaps."""


def start(directory: Path) -> Any:
    """Opens the library of a run directory in an actor of its own. Not restarted: its journal is replayed by `run`."""
    return ray.remote(num_cpus=0, max_restarts=0)(SharedLibrary).remote(directory.resolve(), PATIENCE)
