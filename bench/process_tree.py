"""A command and everything that comes of it: its CPU seconds, whatever its processes make of groups and sessions."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

SUBREAPER = 36
"""`PR_SET_CHILD_SUBREAPER`: what loses its parent comes to this process."""


class Cost(NamedTuple):
    """A finished command."""

    code: int | None
    cpu_seconds: float
    output: str


def adopt() -> None:
    """From now on, what loses its parent below this process comes to this process."""
    ctypes.CDLL(None).prctl(SUBREAPER, 1)


def run(command: Sequence[str], folder: Path, limit: float) -> Cost:
    """A command and all that comes of it, stopped when the whole has used so many CPU seconds."""
    before = _waited_for()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    started, stopped = time.monotonic(), False
    os.set_blocking(process.stdout.fileno(), False)  # type: ignore[union-attr]
    output = ""
    while process.poll() is None:
        time.sleep(0.2)
        output += _read(process)
        if _alive() + _waited_for() - before > limit or time.monotonic() - started > 6 * limit + 60:
            stopped = True
            break
    output += _read(process)
    _end_all()
    process.wait()
    return Cost(None if stopped else process.returncode, round(_waited_for() - before, 2), output)


def _read(process: subprocess.Popen[str]) -> str:
    try:
        return os.read(process.stdout.fileno(), 1 << 20).decode(errors="replace")  # type: ignore[union-attr]
    except BlockingIOError:
        return ""


def _waited_for() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _alive() -> float:
    """CPU seconds of what runs below this process, and of what that has waited for."""
    total = 0.0
    for child in psutil.Process().children(recursive=True):
        try:
            total += sum(child.cpu_times()[:4])
        except psutil.Error:
            continue
    return total


def _end_all() -> None:
    """Kills all that runs below this process, and waits for it."""
    while children := psutil.Process().children(recursive=True):
        for child in children:
            try:
                child.kill()
            except psutil.Error:
                continue
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            break
        time.sleep(0.02)
