"""Files and folders that are on the disk when a function returns, and the lock of a folder with one writer."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import time
from pathlib import Path

from domain import UserError

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


def lock(file: Path, does: str, mend: str, patience: float = 0.0) -> int:
    """Takes a lock that ends with the process, however it ends, or when the handle returned is closed.

    Args:
        file: where it is taken; made if need be.
        does: what only its holder does.
        mend: what the user may do if there is another holder.
        patience: seconds to wait for another holder, a dying one perhaps, to end.

    Raises:
        UserError: another process holds the lock.
        OSError: the file cannot be made or written.
    """
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and not _locked(handle):
        time.sleep(0.2)
    if not _locked(handle):
        owner = os.pread(handle, 300, 0).decode("utf-8", "replace").strip() or "unknown"
        age = max(0.0, time.time() - os.fstat(handle).st_mtime)
        os.close(handle)
        raise UserError(f"another process ({owner}, for {_duration(age)}) {does}: {mend}")
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"pid {os.getpid()} on {socket.gethostname()}".encode(), 0)
    return handle


def _duration(seconds: float) -> str:
    """For example `12 s`, `5 min`, `3 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _locked(handle: int) -> bool:
    """Whether this handle holds the lock now."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
