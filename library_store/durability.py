"""A library in files that survive its process.

Kept here: one writer, by a lock on the folder (design, invariant 2); every change is in the fsynced journal before the
method that makes it returns (design, invariants 3 and 9).

Opening a folder loads the last snapshot that has a manifest and replays the journal of the round after it. `snapshot`
ends the round: its tables are written, its manifest last, and only then does its journal go.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pyarrow as pa

from domain import OutsideError, UserError
from library_store import journal
from library_store import snapshot as snapshots
from library_store.admission import Record
from library_store.analysis import counts
from library_store.files import lock
from library_store.reader import LibraryReader
from library_store.rows import table_from_rows
from library_store.schema import SCHEMA_VERSION, SCHEMAS, TABLE_NAMES, Row, check_version
from library_store.tables import MANIFEST, Manifest, Tables, empty, extend, manifests

REMEMBERED = ("definitions", "proofs", "lemmas", "requests", "problems", "attempts", "events")
"""The tables that make up the state in memory, each after those that it needs."""


CHUNK = 4096
"""Rows that are turned into Arrow at a time."""


class Pending:
    """The rows of the round under way, kept for its snapshot: recent ones as they are, older ones as Arrow tables.

    A row of Python objects takes several times the memory of the same row in Arrow, and a round may hold a million.
    """

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {name: [] for name in TABLE_NAMES}
        self._chunks: dict[str, list[pa.Table]] = {name: [] for name in TABLE_NAMES}

    def add(self, table: str, row: Row) -> None:
        rows = self._rows[table]
        rows.append(row)
        if len(rows) == CHUNK:
            self._chunks[table].append(table_from_rows(table, rows))
            rows.clear()

    def tables(self) -> dict[str, pa.Table]:
        """All rows of each table, in the order in which they came."""
        return {
            name: pa.concat_tables([SCHEMAS[name].empty_table(), *self._chunks[name], table_from_rows(name, rows)])
            for name, rows in self._rows.items()
        }


def read_library(directory: Path, at_round: int | None = None) -> LibraryReader:
    """The library as its snapshots have it, for reading alone; whoever writes there is not disturbed.

    Raises:
        UserError: there is none, or a file is damaged; the line names it.
    """
    library = LibraryReader()
    _fill(library, snapshots.read(directory, at_round, names=REMEMBERED))
    return library


def _fill(library: LibraryReader, tables: Tables) -> None:
    with _no_collection():
        for name in REMEMBERED:
            for row in tables.each(name):
                library.apply(name, row)


class DurableLibrary(LibraryReader):
    """What is known, in memory and on the disk; what changes it is in `library.py`."""

    def __init__(self, directory: Path, patience: float = 0.0) -> None:
        """Opens the folder; waits up to `patience` seconds for another writer, a dying one perhaps, to end."""
        super().__init__()
        self.directory = directory
        self._pending = Pending()
        self._folder = directory / "journal"
        self._lock = _lock(self._folder, patience)
        try:
            self.round, self._journal = self._open()
        except BaseException:
            os.close(self._lock)
            raise

    # ------------------------------------------------------------------------------------------------------ opening

    def _open(self) -> tuple[int, journal.Journal]:
        done = len(manifests(self.directory))
        segments = journal.segments(self._folder)
        self._refuse_gaps(done, segments)
        if done:
            self._load()
        for path in snapshots.remove_unfinished(self.directory):
            self.notices.append(f"removed {path}: its snapshot was never finished, and the journal has its round")
        if done + 1 in segments:
            self._replay(segments[done + 1])
        for number, path in segments.items():
            if number <= done:
                path.unlink()
        return done + 1, self._segment(done + 1)

    def _load(self) -> None:
        _fill(self, snapshots.read(self.directory, names=REMEMBERED))

    def _refuse_gaps(self, done: int, segments: Mapping[int, Path]) -> None:
        for path in snapshots.unfinished(self.directory):
            number = int(path.name.removeprefix("round="))
            if number not in segments:
                raise UserError(
                    f"{path / MANIFEST} is missing and no journal has round {number}: restore it from a "
                    f"copy, or remove {path} to go back to round {number - 1}"
                )
        for number, path in segments.items():
            if number > done + 1:
                raise UserError(
                    f"{path} is of round {number}, but the last finished round is {done}: restore the rounds between "
                    f"from a copy, or remove the file to go back to round {done}"
                )

    def _replay(self, path: Path) -> None:
        with _no_collection():
            torn = journal.replay(path, lambda record: self._take_back(path, record), repair=True)
        if torn is not None:
            self.notices.append(
                f"cut {torn.bytes} bytes off {torn.path} at byte {torn.offset}: a write that was never acknowledged "
                f"(kept in {torn.kept})"
            )

    def _take_back(self, path: Path, record: Record) -> None:
        name, row = record
        if name == "schema":
            check_version(row["version"], path)
            return
        self.apply(name, row)
        self._pending.add(name, row)

    def _segment(self, number: int) -> journal.Journal:
        path = journal.segment_path(self._folder, number)
        opened = journal.Journal(path)
        if opened.size == len(journal.HEADER):
            opened.append([("schema", {"version": SCHEMA_VERSION})])
        return opened

    def close(self) -> None:
        """Let another process write. What was acknowledged is on the disk already."""
        self._journal.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _commit(self, records: Sequence[Record]) -> None:
        """One fsync for all records; memory changes only after it."""
        if not records:
            return
        self._journal.append(records)
        for name, row in records:
            self.apply(name, row)
            self._pending.add(name, row)

    # ------------------------------------------------------------------------------------------------------- rounds

    def snapshot(self, *, seed: int = 0, code_version: str = "") -> Manifest:
        """End the round: write its snapshot, then open the journal of the next round and remove this one's."""
        manifest = snapshots.write(
            self.directory, self.round, self._pending.tables(), counts=counts, seed=seed, code_version=code_version
        )
        finished = journal.segment_path(self._folder, self.round)
        self._journal.close()
        self.round += 1
        self._pending = Pending()
        self._journal = self._segment(self.round)
        finished.unlink(missing_ok=True)
        return manifest

    def at_round(self, number: int) -> Tables:
        """The tables as of a round: a finished one from its snapshot, the one under way with what it has so far."""
        if number != self.round:
            return snapshots.read(self.directory, at_round=number)
        done = snapshots.read(self.directory, at_round=number - 1) if number > 1 else empty(self.directory)
        return extend(done, self._pending.tables())


@contextmanager
def _no_collection() -> Generator[None, None, None]:
    """Nothing that is loaded is garbage, and looking for some again and again takes longer than loading."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _lock(folder: Path, patience: float) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return lock(folder / "lock", f"writes the library {folder.parent}", "wait until it ends or stop it", patience)
    except OSError as error:
        raise OutsideError(f"cannot open the library {folder.parent}: {error.strerror}; nothing was changed") from error
