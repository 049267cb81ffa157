"""Scratch folders: where a boxed process may write, and how we touch what it left there.

All folders of one of our processes lie in one folder of ours that others can pass through but neither list nor change,
so a boxed process cannot put a link in the place of its own folder, even where the sandbox is degraded.

Invariant: nothing that a boxed process leaves in its folder makes us read or remove anything outside of it, wait for a
pipe or a device, or fail: files are opened without following links, and a tree of any depth is removed. A process's
folders are locked while it lives, and nobody else removes them before.

Layer: sandbox.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import random
import shutil
import stat
import subprocess
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

UIDS = range(20_000, 60_000)
"""User ids that root drops to, one for each scratch folder; they need no entry in /etc/passwd."""

STALE_SECONDS = 3_600.0
"""Age at which the folders of a process that is gone are removed; two machines may share the folder they lie in."""

_CHUNK = 1 << 20


def make(*, owned: bool) -> Path:
    """A fresh folder. Root gives an owned one to a user id that no other folder here has; others stay ours."""
    ours = home(os.getpid())
    path = Path(tempfile.mkdtemp(dir=ours))
    if not owned:
        path.chmod(0o755)
    elif os.geteuid() == 0:
        taken = {other.st_uid for other in _stats(ours)}
        uid = next(uid for uid in iter(lambda: random.choice(UIDS), None) if uid not in taken)
        os.chown(path, uid, uid)
    return path


def remove(path: Path) -> None:
    """Remove a folder and all in it, however deep and whatever its permissions; links are not followed."""
    with suppress(RecursionError, OSError):
        shutil.rmtree(path)
    if os.path.lexists(path):
        subprocess.run(["chmod", "-R", "u+rwx", "--", path], capture_output=True, check=False)
        subprocess.run(["rm", "-rf", "--one-file-system", "--", path], capture_output=True, check=False)


def take(file: Path, into: Path, limit_bytes: int) -> bool:
    """Copy what a boxed process wrote to `file`, if that is a plain file of at most `limit_bytes`; whether it was.

    Only after the end of the box: until then the file can change.
    """
    try:
        source = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        found = os.fstat(source)
        if not stat.S_ISREG(found.st_mode) or found.st_size > limit_bytes:
            return False
        with os.fdopen(source, "rb", closefd=False) as reader, into.open("wb") as writer:
            shutil.copyfileobj(reader, writer, _CHUNK)
    finally:
        os.close(source)
    return True


def exceeds(folder: Path, limit_bytes: int, limit_files: int) -> bool:
    """Whether a folder holds more bytes on disk or more entries than that; one that cannot be read does."""
    used, files = 0, 0
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    try:
                        found = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:  # it has been removed since
                        continue
                    files += 1
                    used += found.st_blocks * 512
                    if used > limit_bytes or files > limit_files:
                        return True
                    if stat.S_ISDIR(found.st_mode):
                        waiting.append(Path(entry.path))
        except FileNotFoundError:
            continue
        except OSError:  # its path is too long, or it is closed to us
            return True
    return used > limit_bytes  # also where nothing is left to an empty folder


@cache
def home(pid: int) -> Path:
    """The folder in which those of this process lie."""
    path = Path(tempfile.mkdtemp(prefix=f"lemmary-{pid}-", dir=_root()))
    path.chmod(0o711)
    with suppress(OSError):  # where there are no locks, the age alone protects it
        fcntl.flock(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), fcntl.LOCK_SH | fcntl.LOCK_NB)

    def remove_own() -> None:
        if os.getpid() == pid:
            remove(path)

    atexit.register(remove_own)
    return path


@cache
def _root() -> Path:
    """A folder in which an unprivileged user can reach folders made by us."""
    found = Path(tempfile.gettempdir())
    for root in (found, Path("/tmp"), Path("/var/tmp")):  # noqa: S108
        if root.is_dir() and all(path.stat().st_mode & 0o001 for path in (root, *root.parents)):
            found = root
            break
    _sweep(found)
    return found


def _sweep(root: Path) -> None:
    """Remove folders that killed processes left behind: their process is gone and they are a day old.

    A process that is not seen from here, in another container, say, is told by its lock.
    """
    for path in root.glob("lemmary-*-*"):
        pid = path.name.split("-")[1]
        with suppress(OSError):
            old = time.time() - path.lstat().st_mtime > STALE_SECONDS
            if pid.isdigit() and not psutil.pid_exists(int(pid)) and old and not path.is_symlink():
                handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    remove(path)
                finally:
                    os.close(handle)


def _stats(folder: Path) -> list[os.stat_result]:
    found: list[os.stat_result] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                found.append(entry.stat(follow_symlinks=False))
    return found
