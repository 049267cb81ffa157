"""Steps of other developments, recorded as Parquet, with an index beside them that is built once and mapped afterwards.

A folder may hold steps itself or in folders in it. What is written is `index-KEY` in it, where the key changes with its
parts: the packed features, and the steps as an Arrow file that is mapped too, so processes share both.

Invariant: an index is whole or is not there, and is of the parts as they are.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from array import array
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from datasets.steps import PARTS, VERSION, about, parts, read_table
from domain import UserError
from library_store.files import TEMPORARY
from models.step_index import Packed
from pipeline.development.search.carrying import LONGEST, NAME, Taken
from pipeline.development.search.goal_features import FEATURES_VERSION, features
from pipeline.development.search.moves import view
from verifiers.audit.rocq.lint import refuse_block
from verifiers.rocq.document import GoalText

LARGEST = 6_000
"""Characters of a goal at which a tactic is kept."""

_TEXT, _TEXTS = pa.string(), pa.list_(pa.string())
_SCHEMA = pa.schema({"tactic": _TEXT, "hypotheses": _TEXTS, "conclusion": _TEXT, "names": _TEXTS})
_COLUMNS = _SCHEMA.names
_STEPS = "steps.arrow"
_INDEX = re.compile(r"index-[0-9a-f]{16}")


class StoredSteps:
    """The steps of a folder. Raises `UserError` where it holds none, or no index can be written."""

    def __init__(self, folder: Path) -> None:
        self.digest = _digest(folder)
        """Changes with the steps."""
        index = self._index = folder / f"index-{self.digest}"
        if not index.is_dir():
            _build(folder, index)
        try:
            self.packed = Packed.load(index)
            self._table: pa.Table = pa.ipc.open_file(pa.memory_map(str(index / _STEPS))).read_all()
            self._table.validate()
            if self._table.schema != _SCHEMA or len(self._table) != len(self.packed):
                raise ValueError(f"{_STEPS} does not belong to it")
        except Exception as error:  # noqa: BLE001 (files that others wrote fail in any way)
            raise self.damaged(error) from None

    def damaged(self, error: Exception) -> UserError:
        """What to say where the index leads to an error."""
        said = " ".join(str(error).split()) or type(error).__name__
        return UserError(f"{self._index} is damaged ({said}): delete it, and it is made again")

    def __len__(self) -> int:
        return self._table.num_rows

    def __getitem__(self, number: int) -> Taken:
        try:
            tactic, hypotheses, conclusion, names = (self._table.column(name)[number].as_py() for name in _COLUMNS)
            "".join((tactic, conclusion, *hypotheses, *names))
        except (TypeError, ValueError) as error:  # something is missing, or no text
            raise self.damaged(error) from None
        return Taken(view(GoalText(tuple(hypotheses), conclusion)), tactic, tuple(names))


@lru_cache(maxsize=2)
def stored_steps(folder: Path) -> StoredSteps:
    """The steps of a folder, opened once in a process."""
    return StoredSteps(folder)


def _folders(folder: Path) -> list[Path]:
    """The folder, or those in it that hold steps."""
    inside = sorted(one.parent for one in folder.glob(f"*/{PARTS}")) if folder.is_dir() else []
    return inside if inside and not (folder / PARTS).is_dir() else [folder]


def _digest(folder: Path) -> str:
    told = [VERSION, FEATURES_VERSION]
    for part in _parts(folder):
        stat = part.stat()
        told += [str(part.relative_to(folder)), str(stat.st_size), str(stat.st_mtime_ns)]
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:16]


def _parts(folder: Path) -> list[Path]:
    return [part for one in _folders(folder) for part in parts(one)]


def _build(folder: Path, index: Path) -> None:
    unfinished = folder / f"{TEMPORARY}{index.name}-{os.getpid()}"
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        known: list[array[int]] = []
        with pa.ipc.new_file(str(unfinished / _STEPS), _SCHEMA) as writer:
            for table in _kept(_parts(folder), known):
                writer.write_table(table.select(_COLUMNS).cast(_SCHEMA), max_chunksize=1 << 30)
        if not known:
            raise UserError(f"{folder}: no steps are recorded there")
        Packed.of(known).save(unfinished)
        for old in folder.iterdir():
            if _INDEX.fullmatch(old.name) and old.name != index.name:
                shutil.rmtree(old, ignore_errors=True)
        if not index.is_dir():  # nobody else was faster
            unfinished.rename(index)
    except OSError as error:
        raise UserError(
            f"{folder}: the index of its steps cannot be written ({error}): copy it to where you may"
        ) from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _kept(paths: Iterable[Path], known: list[array[int]]) -> Iterator[pa.Table]:
    """The steps of each part that are worth keeping, each once; their features are appended to `known`."""
    seen: set[tuple[str, int]] = set()
    for path in paths:
        about(path)
        table = read_table(path, _COLUMNS)
        rows: list[int] = []
        for number, row in enumerate(table.to_pylist()):
            size = len(row["conclusion"]) + sum(map(len, row["hypotheses"]))
            if len(row["tactic"]) > LONGEST or size > LARGEST or not all(map(NAME.fullmatch, row["names"])):
                continue
            found = features(view(GoalText(tuple(row["hypotheses"]), row["conclusion"])))
            key = (row["tactic"], hash(tuple(found)))
            if key not in seen and not refuse_block(f"{row['tactic']}."):
                seen.add(key)
                rows.append(number)
                known.append(array("I", found))
        if rows:
            yield table.take(rows).combine_chunks()
