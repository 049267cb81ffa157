"""CPU seconds and memory of a process tree: the currency of a run.

CPU seconds count every process below the root, and every process that has ended and was waited for by one that still
lives (the kernel adds a waited-for child to its parent), so provers that were killed stay counted. The kernel forgets
the children of a process that ignores their end, as Ray's raylet does, and orphans: `Account` remembers those.
"""

from __future__ import annotations

import signal
from pathlib import Path

import psutil


def tree(root: int | None = None) -> list[psutil.Process]:
    """The process and all that live below it, now."""
    process = psutil.Process(root)
    return [process, *process.children(recursive=True)]


def cpu_seconds(root: int | None = None) -> float:
    """User and system seconds spent so far by the tree below `root` (default: this process)."""
    return sum(_times(tree(root)).values())


def _times(processes: list[psutil.Process]) -> dict[psutil.Process, float]:
    """User and system seconds of those that are still there, with those of the children that they waited for."""
    found: dict[psutil.Process, float] = {}
    for process in processes:
        try:
            times = process.cpu_times()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        found[process] = times.user + times.system + times.children_user + times.children_system
    return found


class Account:
    """CPU seconds of this process's tree over time: what a process was last seen to have spent outlives it.

    What it spent between the last look and its death is not known.
    """

    def __init__(self) -> None:
        self._seen: dict[psutil.Process, tuple[float, int]] = {}
        """Process → its seconds and its parent's id, at the last look."""
        self._forgotten = 0.0
        self.cpu_seconds()

    def cpu_seconds(self) -> float:
        """User and system seconds spent so far."""
        now = _times(tree())
        here = {process.pid for process in now}
        for process, (seconds, parent) in self._seen.items():
            if process not in now and (parent not in here or _forgets_children(parent)):
                self._forgotten += seconds
        self._seen = {process: (seconds, _parent(process)) for process, seconds in now.items()}
        return sum(now.values()) + self._forgotten


def _parent(process: psutil.Process) -> int:
    try:
        return process.ppid()
    except psutil.NoSuchProcess:
        return 0


def _forgets_children(pid: int) -> bool:
    """Whether the kernel tells this process nothing of its children's end (`SigIgn` in proc(5)), or it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return True
    ignored = int(status.partition("SigIgn:")[2].split()[0], 16)
    return bool(ignored >> (signal.SIGCHLD - 1) & 1)


def proportional_memory(root: int | None = None) -> int:
    """Bytes of the tree's proportional set size: shared pages are split between those that share them."""
    total = 0
    for process in tree(root):
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total
