"""One writer: whoever holds the lock of a library's folder (design, invariant 2)."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from pathlib import Path

from domain import OutsideError, UserError


def lock(folder: Path, patience: float) -> int:
    """A lock that ends with the process, however it ends."""
    path = folder / "lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise OutsideError(f"cannot open the library {folder.parent}: {error.strerror}; nothing was changed") from error
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and not _locked(handle):
        time.sleep(0.2)
    if not _locked(handle):
        owner = os.pread(handle, 300, 0).decode("utf-8", "replace").strip() or "unknown"
        age = max(0.0, time.time() - os.fstat(handle).st_mtime)
        os.close(handle)
        raise UserError(
            f"another process ({owner}, for {_duration(age)}) writes the library {folder.parent}: "
            "wait until it ends or stop it"
        )
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
