"""CPU seconds and memory of a process tree: the currency of a run.

CPU seconds count every process below the root, and every process that has ended and was waited for by one that still
lives (the kernel adds a waited-for child to its parent), so provers that were killed stay counted.
"""

from __future__ import annotations

import psutil


def tree(root: int | None = None) -> list[psutil.Process]:
    """The process and all that live below it, now."""
    process = psutil.Process(root)
    return [process, *process.children(recursive=True)]


def cpu_seconds(root: int | None = None) -> float:
    """User and system seconds spent so far by the tree below `root` (default: this process)."""
    total = 0.0
    for process in tree(root):
        try:
            times = process.cpu_times()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def proportional_memory(root: int | None = None) -> int:
    """Bytes of the tree's proportional set size: shared pages are split between those that share them."""
    total = 0
    for process in tree(root):
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total
