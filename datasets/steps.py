"""Steps of proofs as Parquet: each tactic with the goal that it was given and the goals that it made of it.

A folder of steps has a file for each source file under `parts/`, at the path of that source: `parts/Lists/List.parquet`
for `Lists/List.v`. Rows stand in the order of the source. What is known of the source file as a whole is in the
metadata of its part, so a folder needs nothing besides its parts.

Invariant: a part is whole or is not there; one of another version of the columns is refused.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from domain import UserError
from term_algebra import read_json

VERSION = "1"
"""Of the columns and of what stands in them."""

PARTS = "parts"

_VERSION_KEY, _FILE_KEY = b"lemmary.steps", b"lemmary.file"

_GOAL = pa.struct(
    [pa.field("hypotheses", pa.list_(pa.string()), nullable=False), pa.field("conclusion", pa.string(), nullable=False)]
)

SCHEMA = pa.schema(
    [
        pa.field(name, type_, nullable=False)
        for name, type_ in (
            ("library", pa.string()),
            ("file", pa.string()),
            ("theorem", pa.string()),
            ("position", pa.int32()),
            ("tactic", pa.string()),
            ("hypotheses", pa.list_(pa.string())),
            ("conclusion", pa.string()),
            ("goals_before", pa.int32()),
            ("after", pa.list_(_GOAL)),
            ("names", pa.list_(pa.string())),
            ("local_names", pa.list_(pa.string())),
            ("cpu_seconds", pa.float32()),
        )
    ],
    metadata={_VERSION_KEY: VERSION.encode()},
)


class Goal(NamedTuple):
    """A goal printed in full: hypotheses like `x, y : nat` or `x := v : nat`, and the conclusion."""

    hypotheses: tuple[str, ...]
    conclusion: str


class Step(NamedTuple):
    """A tactic at a goal. The fields are the columns, but for `goal`, which is `hypotheses` and `conclusion`."""

    library: str
    """The logical name that all files of the library begin with."""
    file: str
    """The path of the source file in the library."""
    theorem: str
    """Its name inside the file, with the modules that it stands in."""
    position: int
    """Its place among the tactics of the proof, from 0."""
    tactic: str
    """Without the full stop, with single blanks."""
    goal: Goal
    """The first goal in focus, to which the tactic was applied."""
    goals_before: int
    """How many goals were in focus."""
    after: tuple[Goal, ...]
    """What the tactic made of the goal."""
    names: tuple[str, ...]
    """Global names in the tactic, in order, each once."""
    local_names: tuple[str, ...]
    """Hypotheses of the goal that are named in the tactic, in order, each once."""
    cpu_seconds: float
    """Of the tactic and of printing what it left."""


def write_part(path: Path, steps: Iterable[Step], about: dict[str, Any]) -> None:
    """Writes the steps of one source file, and what is known of it, in one piece."""
    rows = [_row(step) for step in steps]
    kept = {_VERSION_KEY: VERSION.encode(), _FILE_KEY: json.dumps(about, ensure_ascii=False, sort_keys=True).encode()}
    table = pa.Table.from_pylist(rows, schema=SCHEMA).replace_schema_metadata(kept)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        pq.write_table(table, unfinished, compression="zstd")
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def parts(folder: Path) -> list[Path]:
    """The parts of a folder of steps, by path. Raises `UserError` where there is no such folder."""
    if not (folder / PARTS).is_dir():
        raise UserError(f"{folder} holds no steps: give a folder that `python -m pipeline record` has written")
    found = (folder / PARTS).rglob("*.parquet")
    return sorted((one for one in found if not one.name.startswith(".")), key=lambda one: one.parts)


def about(part: Path) -> dict[str, Any]:
    """What is known of the source file of a part. Raises `UserError` for what is no part of this version."""
    try:
        told = read_json(_opened(part).schema_arrow.metadata[_FILE_KEY])
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise UserError(f"{part}: what it tells of its source file is damaged: delete it and record it again")
    return told


def read_steps(source: Path) -> Iterator[Step]:
    """The steps of a folder of steps, or of one part. Raises `UserError` for what is none, or of another version."""
    for part in [source] if source.is_file() else parts(source):
        for batch in _batches(part, SCHEMA.names):
            for row in batch.to_pylist():
                yield _step(row)


def read_table(part: Path, columns: Sequence[str]) -> pa.Table:
    """Some columns of a part, in their order there. Raises `UserError` as `read_steps` does."""
    schema = pa.schema([field for field in SCHEMA if field.name in columns])
    return pa.Table.from_batches(list(_batches(part, columns)), schema)


def _batches(part: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The rows of a part, with nothing missing and all text readable."""
    try:
        for batch in _opened(part).iter_batches(columns=list(columns)):
            batch.validate(full=True)
            if any(map(_has_null, batch.columns)):
                raise UserError(f"{part}: a value is missing: delete it and record it again")
            yield batch
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{part}: damaged: delete it and record it again ({_line(error)})") from None


def _has_null(values: Any) -> bool:
    inner = values.flatten() if pa.types.is_nested(values.type) else []
    return bool(values.null_count) or any(map(_has_null, inner if isinstance(inner, list) else [inner]))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _opened(part: Path) -> pq.ParquetFile:
    try:
        file = pq.ParquetFile(part)
        schema = file.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{part}: not a Parquet file: delete it and record it again ({_line(error)})") from None
    metadata = schema.metadata or {}
    version = metadata.get(_VERSION_KEY, b"no").decode(errors="replace")
    if version != VERSION or _FILE_KEY not in metadata:
        raise UserError(f"{part}: steps of version {version}, not {VERSION}: record them again, into another folder")
    if not schema.equals(SCHEMA):
        raise UserError(f"{part}: other columns than those of steps: delete it and record it again")
    return file


def _row(step: Step) -> dict[str, Any]:
    row = step._asdict()
    goal: Goal = row.pop("goal")
    return row | goal._asdict() | {"after": [one._asdict() for one in step.after]}


def _step(row: dict[str, Any]) -> Step:
    goal = Goal(tuple(row.pop("hypotheses")), row.pop("conclusion"))
    after = tuple(Goal(tuple(one["hypotheses"]), one["conclusion"]) for one in row.pop("after"))
    names, local_names = tuple(row.pop("names")), tuple(row.pop("local_names"))
    return Step(goal=goal, after=after, names=names, local_names=local_names, **row)
