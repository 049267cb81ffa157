"""The tables of a run as of a round: every row of the rounds up to it, and the state that these amount to.

Rounds hold only what they changed; the state is, for every id, the row of the highest revision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
import pyarrow as pa

from domain import Definition, Lemma, UserError
from library_store.manifest import Manifest
from library_store.rows import definition_from_row, lemma_from_rows, problem_from_row
from library_store.schema import KEYS, SCHEMAS, TABLE_NAMES, ProblemState, Row

Value = TypeVar("Value")

BATCH = 4096
"""Rows that are turned into Python objects at a time."""


@dataclass(frozen=True)
class Tables:
    """All rows of the rounds up to `round`, and the state that they amount to."""

    directory: Path
    round: int
    manifests: tuple[Manifest, ...]
    history: Mapping[str, pa.Table]

    def table(self, name: str) -> pa.Table:
        """The state of a table: one row for each id, in order of first appearance."""
        return self._current[name]

    def rows(self, name: str) -> list[Row]:
        """`table(name)` as rows."""
        return list(self.each(name))

    def each(self, name: str) -> Iterator[Row]:
        """The same, a few rows in memory at a time."""
        for batch in self._current[name].to_batches(max_chunksize=BATCH):
            yield from cast("list[Row]", batch.to_pylist())

    @cached_property
    def _current(self) -> dict[str, pa.Table]:
        return {name: latest(name, self.history[name]) for name in TABLE_NAMES}

    @cached_property
    def lemmas(self) -> dict[str, Lemma]:
        """Every lemma by id, retired ones included, in order of admission: a lemma comes after those it uses."""
        proofs = {row["lemma_id"]: row for row in self.each("proofs")}
        found = self._understood("lemmas", lambda row: lemma_from_rows(row, proofs[row["id"]]))
        for lemma in found.values():
            missing = {*lemma.uses} - found.keys() | {*lemma.definition_ids} - self.definitions.keys()
            if missing:
                said = f"{lemma.id} rests on {min(missing)}, which is not there"
                raise UserError(f"{self.directory}: its lemmas cannot be read ({said})")
        return found

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        return self._understood("definitions", definition_from_row)

    @cached_property
    def problems(self) -> dict[str, ProblemState]:
        return self._understood("problems", problem_from_row)

    def _understood(self, name: str, value_of: Callable[[Row], Value]) -> dict[str, Value]:
        """The value of each row, by id. Raises UserError for a row that stands for none: others may have written it."""
        found: dict[str, Value] = {}
        for row in self.each(name):
            try:
                found[row["id"]] = value_of(row)
            except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
                said = f"{type(error).__name__}: {error}"
                raise UserError(f"{self.directory}: its {name} cannot be read ({row['id']}: {said})") from error
        return found


def extend(before: Tables, delta: Mapping[str, pa.Table]) -> Tables:
    """The state one round later, `delta` being what the round changed."""
    merged = {name: pa.concat_tables([before.history[name], delta[name]]) for name in TABLE_NAMES}
    return Tables(before.directory, before.round + 1, before.manifests, merged)


def empty(directory: Path) -> Tables:
    """The state before round 1."""
    return Tables(directory, 0, (), {name: SCHEMAS[name].empty_table() for name in TABLE_NAMES})


def latest(name: str, table: pa.Table) -> pa.Table:
    """Of the rows with one id, the one of the highest revision, in order of first appearance."""
    key = KEYS[name]
    if key is None:
        return table
    # A dictionary's numbers are in the order of first appearance, and a text that appears has one number.
    identity = table.column(key).combine_chunks().dictionary_encode()
    if len(identity.dictionary) == table.num_rows:
        return table
    numbers = identity.indices.to_numpy()
    revisions = table.column("revision").to_numpy()
    order = np.lexsort((-np.arange(len(numbers)), revisions, numbers))
    last = np.append(numbers[order][1:] != numbers[order][:-1], True)
    return table.take(pa.array(order[last], pa.int64()))
