"""The single writer of the library (design, invariant 2): one actor, one call at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import ray

from actors import placement
from actors.accounting import cpu_seconds
from library_store.admission import Inserted, Proposal
from library_store.attempts import Attempt
from library_store.library import Library
from library_store.reader import LibraryReader

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class SharedLibrary(Library):
    """The library for callers in other processes."""

    def __init__(self, directory: Path, patience: float = 0.0) -> None:
        from actors.metrics import LibraryMetrics  # the driver, which loads this module, has no use for them

        super().__init__(directory, patience)
        self._metrics = LibraryMetrics()

    def insert_many(self, proposals: Iterable[Proposal]) -> list[Inserted]:
        answers = super().insert_many(proposals)
        self._metrics.proposed(answers)
        return answers

    def add_attempt(self, attempt: Attempt) -> bool:
        new = super().add_attempt(attempt)
        if new:
            self._metrics.attempted(attempt)
        return new

    def query(
        self,
        function: Callable[Concatenate[LibraryReader, Arguments], Answer],
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Answer:
        """`function(library, *arguments)` in this process: a question that the library itself has no word for."""
        return function(self, *arguments, **named)

    def cpu_seconds(self) -> float:
        return cpu_seconds()


PATIENCE = 30.0
"""Seconds that a new writer waits for an earlier one, whose driver was killed a moment ago perhaps."""


def start(directory: Path, *, local: bool) -> Any:
    """Opens the library of a run directory in an actor of its own, on this node, where the directory was looked at.

    Not restarted: its journal is replayed by `run`.
    """
    actor = ray.remote(**placement.here(local=local), max_restarts=0)(SharedLibrary)
    return actor.remote(directory.resolve(), PATIENCE)
