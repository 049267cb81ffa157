"""Lines of JSON that are added to a file one by one, each whole or, where the machine stopped, not there.

Invariant: a line that was cut short, inside a character even, costs nothing but itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from term_algebra import read_json


def read_rows(file: Path) -> Iterator[Mapping[str, Any]]:
    """The objects in a file, none if there is no file."""
    for line in file.read_bytes().split(b"\n") if file.is_file() else ():
        try:
            row: Any = read_json(line)
        except (ValueError, RecursionError):  # no JSON, or no UTF-8
            continue
        if isinstance(row, dict):
            yield cast("dict[str, Any]", row)


def add_row(file: Path, row: Mapping[str, Any]) -> None:
    """Adds an object, on a line of its own whatever stands before it."""
    text = (json.dumps(row, ensure_ascii=False) + "\n").encode()
    with file.open("ab+") as opened:
        if opened.tell():
            opened.seek(-1, 2)
            text = text if opened.read(1) == b"\n" else b"\n" + text
        opened.write(text)
