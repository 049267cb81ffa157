"""Snapshots: the Parquet tables of one finished round are written once, and read back as of any round.

Snapshots are immutable (design, invariant 4). The tables go into a temporary folder, each file and the folder are
fsynced, the folder is renamed to `rounds/round=0001`, and the manifest is written last: a folder without one does not
exist. `read` gives the state at a round to Python and `views_sql` gives the same to any SQL engine.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from domain import OutsideError, UserError
from library_store.files import TEMPORARY, sync_folder, write_synced
from library_store.schema import KEYS, SCHEMA_VERSION, SCHEMAS, TABLE_NAMES
from library_store.tables import (
    MANIFEST,
    FileEntry,
    Manifest,
    Tables,
    empty,
    extend,
    latest,
    manifests,
    round_folder,
    rounds_folder,
    write_manifest,
)

ROW_GROUP = 65_536
"""Rows of a Parquet row group: each has the least and greatest value of a column, so that readers may skip it."""


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
    delta = {name: latest(name, changed.get(name, SCHEMAS[name].empty_table())) for name in TABLE_NAMES}
    tables = extend(before, delta)
    temporary = rounds_folder(directory) / f"{TEMPORARY}{target.name}"
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
        write_manifest(manifest, target)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise OutsideError(
            f"cannot write the snapshot {target}: {error.strerror or error}; the journal keeps the round: "
            "make room and run the same command again"
        ) from error
    return manifest


def _for_readers(name: str, table: pa.Table) -> pa.Table:
    """Edges by kind, in order of writing within each: who reads one kind skips the row groups of the others."""
    return table.sort_by("kind") if name == "edges" else table


def _write_table(path: Path, table: pa.Table) -> FileEntry:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=ROW_GROUP)
    data = sink.getvalue().to_pybytes()
    write_synced(path, data)
    return FileEntry(hashlib.sha256(data).hexdigest(), table.num_rows)


def remove_unfinished(directory: Path) -> list[Path]:
    """Remove what an interrupted `write` left: temporary folders and rounds without a manifest."""
    found = list(rounds_folder(directory).glob(f"{TEMPORARY}*")) + unfinished(directory)
    for path in found:
        shutil.rmtree(path)
    return found


def unfinished(directory: Path) -> list[Path]:
    """Folders of rounds without a manifest."""
    return [path for path in rounds_folder(directory).glob("round=*") if not (path / MANIFEST).exists()]


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


# --------------------------------------------------------------------------------------------------------------- SQL

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
