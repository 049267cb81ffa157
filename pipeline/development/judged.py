"""What the judge said of whole files, kept in `judged.jsonl` beside the results, a line for each file.

Invariant: it counts again only for the very same file, above the very same files, with the same options, program and
prover; its key changes with all of that. Where something is still open, also only for no more seconds than before.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, NamedTuple, cast

from pipeline.development.project.options import Options
from pipeline.development.project.source import Source
from pipeline.development.record import filling_of
from pipeline.development.results import Result
from pipeline.development.rows import add_row, read_rows
from verifiers.audit.cache import content_key
from verifiers.audit.rocq.filling import Filling

_MODULES = re.compile(rb"\bModule\b")
"""What makes a source count for the files of others: module types say what of the project is an axiom."""


class JudgedFile(NamedTuple):
    """What became of the holes of a file, and what they are filled with."""

    results: tuple[Result, ...]
    fillings: Mapping[str, Filling]


class JudgedFiles:
    """Those of a directory."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "judged.jsonl"
        self._rows: dict[str, Mapping[str, Any]] = {}
        for row in read_rows(self._file):
            if isinstance(row.get("key"), str):
                self._rows[row["key"]] = row

    def find(self, key: str, seconds: float) -> JudgedFile | None:
        """What is known of a file, if nothing more is to be expected of so many seconds a hole."""
        row = self._rows.get(key)
        if row is None:
            return None
        try:
            results = tuple(_result(one) for one in row["results"])
            made: Mapping[str, Mapping[str, Any]] = row["fillings"]
            fillings = {name: filling_of(one) for name, one in made.items()}
            enough = float(row["seconds"]) >= seconds
        except (KeyError, TypeError, ValueError):
            return None
        return JudgedFile(results, fillings) if enough or all(_is_settled(one) for one in results) else None

    def add(self, key: str, source: Source, seconds: float, judged: JudgedFile) -> None:
        """Keeps what was judged, unless something went wrong that may go well the next time."""
        if any(one.status == "error" for one in judged.results):
            return
        row = {
            "key": key,
            "file": source.shown,
            "seconds": seconds,
            "results": [asdict(one) for one in judged.results],
            "fillings": {name: asdict(filling) for name, filling in judged.fillings.items()},
        }
        add_row(self._file, row)


def _is_settled(result: Result) -> bool:
    return result.status in ("proved", "refuted")


def _result(row: Mapping[str, Any]) -> Result:
    told: dict[str, Any] = {one.name: row[one.name] for one in fields(Result)}
    told |= {name: tuple(cast("list[Any]", value)) for name, value in told.items() if isinstance(value, list)}
    return Result(**told)


def key_of(
    source: Source,
    module: str,
    options: Options,
    about: Iterable[str],
    behind: Iterable[bytes],
    project: Iterable[Path],
) -> str:
    """The key of a file.

    Args:
        source: the file with its holes.
        module: its logical name.
        options: what it is worked on with.
        about: what else it is worked on with: options of the prover, versions, a library.
        behind: all files that compiling it may read, as they are then.
        project: all sources of the project.
    """
    texts = [file.read_bytes() for file in project if file.is_file()]
    digests = [hashlib.sha256(text).hexdigest() for text in [*behind, b"", *filter(_MODULES.search, texts)]]
    holes = [hole.qualified for hole in source.holes]
    chosen = repr((options.seed, options.erase, options.sample, options.retrieves, options.use, holes))
    return content_key(module, source.shown, chosen, source.document.text, *about, "", *digests)[:24]
