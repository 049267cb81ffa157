"""Files and folders that are on the disk when a function returns."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

TEMPORARY = ".tmp-"
"""What the name of a file or folder begins with until it is whole."""


def write_synced(path: Path, data: bytes) -> None:
    """Write a file; what was there before may be lost when this fails."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file by one that is whole and durable, with the same permissions, or leave it as it is."""
    temporary = path.with_name(f"{TEMPORARY}{path.name}")
    if path.exists():
        temporary.touch()
        shutil.copymode(path, temporary)
    write_synced(temporary, data)
    temporary.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
