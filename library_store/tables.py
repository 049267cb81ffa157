"""The tables of a run as of a round, and the manifests that say what each round holds.

Rounds hold only what they changed; the state is, for every id, the row of the highest revision. A manifest has the row
counts and a SHA-256 of each file and of itself, so that a damaged round is found before anything is read of it; it is
written last, and a round without one does not exist (design, invariant 4).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
import pyarrow as pa

from domain import Definition, Lemma, UserError
from library_store.files import write_atomically
from library_store.rows import definition_from_row, lemma_from_rows, problem_from_row
from library_store.schema import KEYS, SCHEMAS, TABLE_NAMES, ProblemState, Row, check_version
from term_algebra import read_json

Value = TypeVar("Value")

BATCH = 4096
"""Rows that are turned into Python objects at a time."""

MANIFEST = "manifest.json"


class FileEntry(NamedTuple):
    """What a manifest says of one file."""

    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The last file of a snapshot. `parent` is the round before it; `counts` are those up to and with this round.

    In the file there is also `sha256`, of the canonical JSON of everything else.
    """

    schema_version: int
    round: int
    parent: int | None
    files: Mapping[str, FileEntry]
    code_version: str
    seed: int
    counts: Mapping[str, float]


def rounds_folder(directory: Path) -> Path:
    return directory / "rounds"


def round_folder(directory: Path, number: int) -> Path:
    return rounds_folder(directory) / f"round={number:04d}"


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Make the round of this folder exist."""
    values = asdict(manifest) | {"files": {name: entry._asdict() for name, entry in manifest.files.items()}}
    text = json.dumps(values | {"sha256": _digest(values)}, indent=1)
    write_atomically(folder / MANIFEST, text.encode())


def _digest(values: Mapping[str, Any]) -> str:
    """Of a manifest's values, `sha256` aside."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_manifest(path: Path) -> Manifest:
    """Raises UserError when the file is damaged or of a schema that this version does not know."""
    folder = path.parent.name
    mend = f"restore the file from a copy, or remove the folder {folder} and those after it to go back one round"
    try:
        values = read_json(path.read_text())
        check_version(values["schema_version"], path)
        if values.pop("sha256") != _digest(values):
            raise ValueError("its SHA-256 is not that of its values")
        files = {name: FileEntry(entry["sha256"], int(entry["rows"])) for name, entry in values["files"].items()}
        manifest = Manifest(**(values | {"files": files}))
        if manifest.round != int(folder.removeprefix("round=")):
            raise ValueError(f"it is of round {manifest.round}")
    except OSError as error:
        raise UserError(f"cannot read the manifest {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"the manifest {path} is damaged ({type(error).__name__}: {error}): {mend}") from error
    return manifest


def manifests(directory: Path) -> list[Manifest]:
    """The manifests of all finished rounds, from round 1 without a gap; [] when there is none."""
    paths = sorted(rounds_folder(directory).glob(f"round=*/{MANIFEST}"))
    found = [read_manifest(path) for path in paths]
    for expected, manifest in enumerate(found, start=1):
        if manifest.round != expected:
            missing = round_folder(directory, expected)
            raise UserError(
                f"{missing / MANIFEST} is missing although round {manifest.round} exists: restore it from a copy, "
                f"or remove the rounds after {expected - 1}"
            )
    return found


# ------------------------------------------------------------------------------------------------------------ tables


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
        """Every lemma by id, retired ones included: each after those it uses, otherwise in order of admission."""
        proofs = {row["lemma_id"]: row for row in self.each("proofs")}
        found = self._understood("lemmas", lambda row: lemma_from_rows(row, proofs[row["id"]]))
        for lemma in found.values():
            missing = {*lemma.uses} - found.keys() | {*lemma.definition_ids} - self.definitions.keys()
            if missing:
                said = f"{lemma.id} rests on {min(missing)}, which is not there"
                raise UserError(f"{self.directory}: its lemmas cannot be read ({said})")
        return {lemma.id: lemma for lemma in after_uses(found)}

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


def after_uses(lemmas: Mapping[str, Lemma]) -> list[Lemma]:
    """Lemmas, each after those that its proof uses now, otherwise in the order in which they are given.

    The order of admission alone is not such an order: a lemma that came back with another proof may use later ones.
    """
    done: dict[str, Lemma] = {}
    begun: set[str] = set()
    waiting = [*lemmas][::-1]
    while waiting:
        at = waiting.pop()
        if at in done:
            continue
        if at in begun:
            done[at] = lemmas[at]
            continue
        begun.add(at)
        waiting.append(at)
        waiting += [used for used in reversed(lemmas[at].uses) if used in lemmas and used not in begun]
    return [*done.values()]


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
