"""A snapshot's manifest: the last file of a round, without which the round does not exist (design, invariant 4).

It says what the round's files hold, with a SHA-256 of each and of itself, so that a damaged round is found before
anything is read of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from domain import UserError
from library_store.files import write_atomically
from library_store.schema import check_version

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
