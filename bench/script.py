"""What the scripts of this folder share: the repository, the command line, the machine, tables, the JSON of a result.

Every script prints a table. With `--json FILE` it also writes what it found, always with `machine`, `versions`, `seed`,
`rows` (what the table shows, and more) and `headline` (the figures that are quoted, by name). With `--what TEXT` the
file also says what ran beside it, or anything else that a reader of the figures has to know.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from domain import OutsideError, UserError
from library_store.files import write_atomically
from pipeline import __version__

REPOSITORY = Path(__file__).resolve().parents[1]

TIP = REPOSITORY.parent / "shared" / "data" / "tip"
"""Where TIP's suites are looked for, unless a script is told otherwise."""

Row: TypeAlias = dict[str, Any]


# ------------------------------------------------------------------------------------------------------- command line


def command_line(description: str | None, *, seed: bool = True) -> argparse.ArgumentParser:
    """A parser with the options of every script; `seed` says whether it draws anything at random."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    if seed:
        parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the result here")
    parser.add_argument("--what", default="", help="told in the JSON: what ran beside it, for example")
    return parser


def has_suites(path: Path) -> bool:
    """Whether TIP's suites are there; says on stderr how to mend it if not."""
    if not (path / "prod").is_dir():
        print(f"no TIP suites at {path}: give the folder that holds them (see --help)", file=sys.stderr)
    return (path / "prod").is_dir()


def ended(main: Callable[[], int | None]) -> int:
    """Runs a script to its exit code: a user's mistake and what fails outside are one line each."""
    try:
        return main() or 0
    except (UserError, OutsideError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, UserError) else 3


# ----------------------------------------------------------------------------------------------------- circumstances


def machine(*more: str) -> str:
    """The processor, how many of it, how busy it is, and whatever else a figure depends on."""
    names = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    name = next((line.partition(":")[2].strip() for line in names if "model name" in line), "CPU")
    load = f"load {os.getloadavg()[0]:.1f} at the beginning"
    return ", ".join([f"{platform.machine()}, {os.cpu_count()} x {name}", *more, load])


def versions(**more: str) -> dict[str, str]:
    """Of this project, with its commit where git knows it, and of Python."""
    asked = ["git", "-C", str(REPOSITORY), "rev-parse", "--short", "HEAD"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    commit = {"commit": said} if said else {}
    return {"lemmary": __version__, **commit, "python": platform.python_version(), **more}


# -------------------------------------------------------------------------------------------------------------- results


def table(columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows below their headings, in columns as wide as they must be; each column is a format of a row's fields."""
    cells = [list(columns), *([form.format_map(row) for form in columns.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) if place else cell.ljust(width) for place, (cell, width) in enumerate(line))
        for line in (list(zip(row, widths, strict=True)) for row in cells)
    )


def tell(
    options: argparse.Namespace,
    where: str,
    rows: Sequence[Mapping[str, Any]],
    headline: Mapping[str, Any],
    columns: Mapping[str, str] | None = None,
    /,
    **more: Any,
) -> None:
    """Prints the table and the headline, and writes the JSON if it is asked for.

    Args:
        options: of the command line, with `json`, `what` and, if it has one, `seed`.
        where: `machine()` as it was at the beginning.
        rows: one for each thing measured.
        headline: the figures that are quoted, by name.
        columns: of the printed table, as `table` wants them; without them none is printed.
        more: what else belongs to the result.
    """
    if columns is not None:
        print(table(columns, rows))
    for name, value in headline.items():
        print(f"{name} = {value}")
    write(options, where, rows, headline, **more)


def write(
    options: argparse.Namespace,
    where: str,
    rows: Sequence[Mapping[str, Any]],
    headline: Mapping[str, Any],
    /,
    **more: Any,
) -> None:
    """Writes the JSON if it is asked for. A script that takes long calls this after each row."""
    if options.json is None:
        return
    about = {"what": options.what} if options.what else {}
    about |= {"machine": where, "versions": versions(), "seed": getattr(options, "seed", 0)}
    found = about | more | {"rows": list(rows), "headline": dict(headline)}
    write_atomically(options.json, (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode())
