"""Snapshots: the Parquet tables of one finished round, and reading the state at any round back.

Snapshots are immutable (design, invariant 4). The tables go into a temporary folder, each file and the folder are
fsynced, the folder is renamed to `rounds/round=0001`, and `manifest.json` (schema version, row counts, SHA-256 of each
file and of itself) is written last: a folder without a manifest does not exist. A folder holds only what its round
changed; the state at round N is, for every id, the row of the highest revision among the rounds up to N. `read` gives
that to Python and `views_sql` gives the same to any SQL engine.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from domain import Definition, Lemma, OutsideError, UserError
from library_store.columns import KEYS, SCHEMA_VERSION, SCHEMAS, TABLE_NAMES, ProblemState, Row, check_version
from library_store.journal import sync_folder
from library_store.schema import definition_from_row, lemma_from_rows, problem_from_row

Value = TypeVar("Value")

MANIFEST = "manifest.json"
_TEMPORARY = ".tmp-"

ROW_GROUP = 65_536
"""Rows of a Parquet row group: each has the least and greatest value of a column, so that readers may skip it."""

BATCH = 4096
"""Rows that are turned into Python objects at a time."""


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
        return {name: _latest(name, self.history[name]) for name in TABLE_NAMES}

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


def rounds_folder(directory: Path) -> Path:
    return directory / "rounds"


def round_folder(directory: Path, number: int) -> Path:
    return rounds_folder(directory) / f"round={number:04d}"


# ---------------------------------------------------------------------------------------------------------- writing


def write(
    directory: Path,
    number: int,
    changed: Mapping[str, pa.Table],
    *,
    counts: Callable[[Tables], Mapping[str, float]],
    seed: int,
    code_version: str,
) -> Manifest:
    """Write round `number`, of which `changed` holds every row that it wrote.

    Raises:
        OutsideError: the disk is full or not writable; no round was made.
    """
    target = round_folder(directory, number)
    if (target / MANIFEST).exists():
        raise ValueError(f"{target} exists, and snapshots are immutable")
    before = read(directory, at_round=number - 1) if number > 1 else empty(directory)
    delta = {name: _latest(name, changed.get(name, SCHEMAS[name].empty_table())) for name in TABLE_NAMES}
    tables = extend(before, delta)
    temporary = rounds_folder(directory) / f"{_TEMPORARY}{target.name}"
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        if target.exists():
            shutil.rmtree(target)
        temporary.mkdir(parents=True)
        files = {
            f"{name}.parquet": _write_table(temporary / f"{name}.parquet", _for_readers(name, delta[name]))
            for name in TABLE_NAMES
        }
        manifest = Manifest(
            schema_version=SCHEMA_VERSION,
            round=number,
            parent=number - 1 if number > 1 else None,
            files=files,
            code_version=code_version,
            seed=seed,
            counts=dict(counts(tables)),
        )
        sync_folder(temporary)
        temporary.rename(target)
        sync_folder(target.parent)
        sync_folder(directory)
        values = asdict(manifest) | {"files": {name: entry._asdict() for name, entry in files.items()}}
        text = json.dumps(values | {"sha256": _digest(values)}, indent=1)
        write_atomically(target / MANIFEST, text.encode())
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise OutsideError(
            f"cannot write the snapshot {target}: {error.strerror or error}; the journal keeps the round: "
            "make room and run the same command again"
        ) from error
    return manifest


def _digest(values: Mapping[str, Any]) -> str:
    """Of a manifest's values, `sha256` aside."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _for_readers(name: str, table: pa.Table) -> pa.Table:
    """Edges by kind, in order of writing within each: who reads one kind skips the row groups of the others."""
    return table.sort_by("kind") if name == "edges" else table


def _write_table(path: Path, table: pa.Table) -> FileEntry:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=ROW_GROUP)
    data = sink.getvalue().to_pybytes()
    _write_synced(path, data)
    return FileEntry(hashlib.sha256(data).hexdigest(), table.num_rows)


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file by one that is whole and durable, with the same permissions, or leave it as it is."""
    temporary = path.with_name(f"{_TEMPORARY}{path.name}")
    if path.exists():
        temporary.touch()
        shutil.copymode(path, temporary)
    _write_synced(temporary, data)
    temporary.rename(path)
    sync_folder(path.parent)


def remove_unfinished(directory: Path) -> list[Path]:
    """Remove what an interrupted `write` left: temporary folders and rounds without a manifest."""
    found = list(rounds_folder(directory).glob(f"{_TEMPORARY}*")) + unfinished(directory)
    for path in found:
        shutil.rmtree(path)
    return found


def unfinished(directory: Path) -> list[Path]:
    """Folders of rounds without a manifest."""
    return [path for path in rounds_folder(directory).glob("round=*") if not (path / MANIFEST).exists()]


# ---------------------------------------------------------------------------------------------------------- reading


def read_manifest(path: Path) -> Manifest:
    """Raises UserError when the file is damaged or of a schema that this version does not know."""
    folder = path.parent.name
    mend = f"restore the file from a copy, or remove the folder {folder} and those after it to go back one round"
    try:
        values = json.loads(path.read_text())
        check_version(values["schema_version"], path)
        if values.pop("sha256") != _digest(values):
            raise ValueError("its SHA-256 is not that of its values")
        files = {name: FileEntry(entry["sha256"], int(entry["rows"])) for name, entry in values["files"].items()}
        manifest = Manifest(**(values | {"files": files}))
        if manifest.round != int(folder.removeprefix("round=")):
            raise ValueError(f"it is of round {manifest.round}")
    except OSError as error:
        raise UserError(f"cannot read the manifest {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
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


def extend(before: Tables, delta: Mapping[str, pa.Table]) -> Tables:
    """The state one round later, `delta` being what the round changed."""
    merged = {name: pa.concat_tables([before.history[name], delta[name]]) for name in TABLE_NAMES}
    return Tables(before.directory, before.round + 1, before.manifests, merged)


def empty(directory: Path) -> Tables:
    """The state before round 1."""
    return Tables(directory, 0, (), {name: SCHEMAS[name].empty_table() for name in TABLE_NAMES})


def read(directory: Path, at_round: int | None = None, *, names: Sequence[str] = TABLE_NAMES) -> Tables:
    """The tables of a run or library folder as of `at_round` (the last finished round when None).

    Every file is compared with the SHA-256 of its manifest. Tables that are not in `names` are left empty.

    Raises:
        UserError: there is no such round, or a file is missing or damaged; the line names the file.
    """
    if not directory.is_dir():
        raise UserError(f"{directory} is not a folder: give a run or library folder")
    all_manifests = manifests(directory)
    last = len(all_manifests) if at_round is None else at_round
    if not all_manifests and at_round is None:
        raise UserError(f"{directory} has no finished round (no rounds/round=0001/{MANIFEST}): finish one with `run`")
    if not 0 <= last <= len(all_manifests):
        raise UserError(f"{directory} has rounds 1 to {len(all_manifests)}, not {last}: choose one of them")
    chosen = tuple(all_manifests[:last])
    parts: dict[str, list[pa.Table]] = {name: [SCHEMAS[name].empty_table()] for name in TABLE_NAMES}
    for manifest in chosen:
        for name in TABLE_NAMES:
            data = _verified(round_folder(directory, manifest.round), name, manifest)
            if name in names:
                path = round_folder(directory, manifest.round) / f"{name}.parquet"
                parts[name].append(_parsed(path, name, data))
    return Tables(directory, last, chosen, {name: pa.concat_tables(tables) for name, tables in parts.items()})


_MEND = "restore the file from a copy, or remove the folder and those after it to go back to the round before"


def _verified(folder: Path, name: str, manifest: Manifest) -> bytes:
    """What a file holds, if that is what its manifest says."""
    path = folder / f"{name}.parquet"
    entry = manifest.files.get(path.name)
    if entry is None:
        raise UserError(f"{folder / MANIFEST} does not list {path.name}: {_MEND}")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; {_MEND}") from error
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise UserError(f"{path} is damaged (its SHA-256 is not that of {MANIFEST}): {_MEND}")
    return data


def _parsed(path: Path, name: str, data: bytes) -> pa.Table:
    try:
        table = pq.read_table(pa.BufferReader(_arrow_owned(data)))
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{path} is no Parquet file that can be read: {_MEND}") from error
    if not table.schema.equals(SCHEMAS[name]):
        raise UserError(f"{path} has not the columns of table {name} in schema {SCHEMA_VERSION}: {_MEND}")
    return table


def _arrow_owned(data: bytes) -> pa.Buffer:
    """A copy in Arrow's memory: Arrow's threads may let go of a buffer when Python, and its bytes, have ended."""
    buffer = pa.allocate_buffer(len(data))
    pa.FixedSizeBufferWriter(buffer).write(data)
    return buffer


def _latest(name: str, table: pa.Table) -> pa.Table:
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


# -------------------------------------------------------------------------------------------------------------- SQL

ROWS_SQL = "read_parquet('{run}/rounds/round=*/{table}.parquet', hive_partitioning = false)"
"""DuckDB's name for all rows of a table in a run folder."""


def state_sql(table: str, rows: str, at_round: int | str) -> str:
    """A query for the state of `table` at a round over `rows`, a relation that holds all of its rows; plain SQL."""
    key = KEYS[table]
    if key is None:
        return f"SELECT * FROM {rows} AS r WHERE r.round <= {at_round}"  # noqa: S608
    latest = f"SELECT {key}, max(revision) AS revision FROM {rows} AS a WHERE a.round <= {at_round} GROUP BY {key}"  # noqa: S608
    return f"SELECT r.* FROM {rows} AS r JOIN ({latest}) AS m ON r.{key} = m.{key} AND r.revision = m.revision"  # noqa: S608


VIEWS_SQL = "\n".join(
    f"CREATE OR REPLACE VIEW {name} AS {state_sql(name, ROWS_SQL.replace('{table}', name), '{at_round}')};"
    for name in TABLE_NAMES
)
"""DuckDB views over a run folder, one per table, as a template with `{run}` and `{at_round}`."""


def views_sql(run: Path | str, at_round: int) -> str:
    """`VIEWS_SQL` for one run folder, as of a round."""
    quoted = str(run).replace("'", "''")
    return VIEWS_SQL.replace("{run}", quoted).replace("{at_round}", str(int(at_round)))
