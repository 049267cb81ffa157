"""The single writer of the library (design, invariant 2): one actor, one call at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ray

from library_store.library import Library


def start(directory: Path) -> Any:
    """Opens the library of a run directory in an actor of its own. Not restarted: its journal is replayed by `run`."""
    return ray.remote(num_cpus=0, max_restarts=0)(Library).remote(directory)
