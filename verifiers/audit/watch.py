"""Watches running boxes: what the kernel limits for one process or one file, a box may not exceed in sum.

A thread looks at every running box `PERIOD_SECONDS` apart: CPU seconds and resident memory of all its processes, bytes
and entries of its scratch folder, and files that were removed while open. A box beyond a limit is killed, and
`Box.exceeded` says why.

Invariant: a box is only killed while we have not yet collected it, so its process id cannot be another's by then.

Layer: sandbox.
"""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from verifiers.audit import scratch

MEBIBYTE = 1 << 20

PERIOD_SECONDS = 0.1
"""Between two looks at a box."""

FOLDER_FACTOR = 4
"""A scratch folder may hold so many times `Limits.output_bytes`."""

FOLDER_FILES = 4096
"""Files, folders and links in a scratch folder."""

CPU_SLACK_SECONDS = 1.0
"""The limit of one process is whole seconds; that of the box leaves it the first word."""

Excess = Literal["cpu", "memory", "output"]

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one boxed process may use."""

    wall_seconds: float = 60.0
    cpu_seconds: float = 30.0
    """Of each process, and (a second later) of all together."""
    memory_bytes: int = 4096 * MEBIBYTE
    """Address space of each process, and resident memory of all together."""
    output_bytes: int = 16 * MEBIBYTE
    """Bytes printed in all, and size of any one file written; the scratch folder may hold four times as much."""
    processes: int = 16
    open_files: int = 256
    own_bytes: int | None = None
    """Resident memory of all together that is no mapped file; None: no limit beside `memory_bytes`."""


class Box(subprocess.Popen[bytes]):
    """A boxed process. `exceeded` is the limit for which the watch has killed it."""

    def __init__(self, command: list[str], folder: Path, limits: Limits, *, isolated: bool, **options: Any) -> None:
        self.folder = folder
        self.limits = limits
        self.isolated = isolated
        self.exceeded: Excess | None = None
        self.lock = threading.Lock()
        super().__init__(command, cwd=folder, start_new_session=True, bufsize=0, **options)


class _Used(NamedTuple):
    cpu_seconds: float
    resident_bytes: int
    removed_bytes: int


class Watch:
    """The thread and the boxes that it looks at."""

    def __init__(self) -> None:
        self._boxes: list[Box] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, box: Box) -> None:
        """Watch a box until it is collected."""
        with self._lock:
            self._boxes.append(box)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._look, name="sandbox-watch", daemon=True)
                self._thread.start()

    def _look(self) -> None:
        while True:
            with self._lock:
                self._boxes = [box for box in self._boxes if box.returncode is None]
                boxes = list(self._boxes)
                if not boxes:
                    self._thread = None
                    return
            for box in boxes:
                _judge(box)
            time.sleep(PERIOD_SECONDS)


def _judge(box: Box) -> None:
    """Kill a box that exceeds a limit."""
    if box.exceeded is not None or box.returncode is not None:
        return
    exceeded = _excess(box)
    if exceeded is None:
        return
    with box.lock:
        if box.returncode is None:
            box.exceeded = exceeded
            pids = tree(box.pid)
            # The wrapper of an isolated box ends with what it holds, and counts its CPU time first.
            for pid in pids[1:] if box.isolated and len(pids) > 1 else pids:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)


def _excess(box: Box) -> Excess | None:
    limits = box.limits
    used = [_used(pid) for pid in tree(box.pid)]
    if sum(one.cpu_seconds for one in used) > limits.cpu_seconds + CPU_SLACK_SECONDS:
        return "cpu"
    if sum(one.resident_bytes for one in used) > limits.memory_bytes:
        return "memory"
    if limits.own_bytes is not None and sum(map(_own_bytes, tree(box.pid))) > limits.own_bytes:
        return "memory"
    left = FOLDER_FACTOR * limits.output_bytes - sum(one.removed_bytes for one in used)
    return "output" if scratch.exceeds(box.folder, left, FOLDER_FILES) else None


def tree(pid: int) -> list[int]:
    """A process and all below it, parents first."""
    found, at = [pid], 0
    while at < len(found):
        with suppress(OSError):
            for task in Path(f"/proc/{found[at]}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
        at += 1
    return found


def _own_bytes(pid: int) -> int:
    """Resident memory of a process that no file backs."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return sum(1024 * int(size) for size in re.findall(r"^Rss(?:Anon|Shmem):\s+(\d+) kB", status, re.MULTILINE))


def _used(pid: int) -> _Used:
    """What a process uses now; of files only those that are in no folder any more."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return _Used(0.0, 0, 0)
    removed: dict[tuple[int, int], int] = {}
    with suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                found = link.stat()
                if stat.S_ISREG(found.st_mode) and found.st_nlink == 0:
                    removed[found.st_dev, found.st_ino] = found.st_blocks * 512
    ticks = sum(map(int, fields[11:15]))
    return _Used(ticks / _TICKS, int(fields[21]) * _PAGE_BYTES, sum(removed.values()))
