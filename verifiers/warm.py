"""A boxed prover process that stays and is spoken to over its pipes: its clocks, its size, its end.

Invariant: a process that has ended, however it ended, has its CPU seconds counted and its folder removed once. What it
is asked, and how it is interrupted, is each prover's own (`rocq.idetop`, `lean.server`).
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import psutil

from domain import Reason
from verifiers.audit import scratch
from verifiers.audit.sandbox import Limits, Sandbox, cpu_seconds, kill

LIFE_CPU_SECONDS = 3600.0
"""CPU seconds of one process in all, for the case that nobody is left to watch it."""

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Killed(NamedTuple):
    """The limit of the whole box for which the watch has ended a process."""

    reason: Reason
    text: str


class WarmProcess:
    """A prover in a box of its own, with a log for its error output. `pid` is the prover's, once it is known."""

    def __init__(self, sandbox: Sandbox, argv: Sequence[str], limits: Limits, readable: Sequence[Path]) -> None:
        self.pid = 0
        self._folder = sandbox.make_folder()
        self._log = (self._folder / "log").open("wb+")
        self._killed_seconds = 0.0
        self._cpu_limit = self._deadline = float("inf")
        life = replace(limits, cpu_seconds=LIFE_CPU_SECONDS)
        self._box = sandbox.spawn(argv, self._folder, life, readable, stdin=subprocess.PIPE, stderr=self._log)
        assert self._box.stdin is not None
        assert self._box.stdout is not None
        self._input, self._output = self._box.stdin.fileno(), self._box.stdout.fileno()

    @property
    def alive(self) -> bool:
        return self._box.returncode is None

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds used so far, wrapper included."""
        return cpu_seconds(self._box.pid) if self.alive else self._killed_seconds

    @property
    def resident_bytes(self) -> int:
        try:
            return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE_BYTES
        except OSError:
            return 0

    def own_cpu_seconds(self) -> float:
        """CPU seconds of the prover itself, to the nanosecond (its process clock, see clock_getcpuclockid(3))."""
        try:
            return time.clock_gettime((~self.pid << 3) | 2) if self.pid else 0.0
        except OSError:
            return 0.0

    def clock(self, seconds: float) -> None:
        """Allow the calls that follow `seconds` of CPU in all, and four times as much wall time plus two seconds."""
        self._cpu_limit = self.own_cpu_seconds() + seconds
        self._deadline = time.monotonic() + 4 * seconds + 2

    def stop(self) -> float:
        """Kill the process and remove its folder; the CPU seconds that it used."""
        self._end()
        for stream in (self._box.stdin, self._box.stdout, self._log):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
        scratch.remove(self._folder)
        return self._killed_seconds

    def _over(self) -> bool:
        """Whether the clock has run out."""
        return time.monotonic() > self._deadline or self.own_cpu_seconds() > self._cpu_limit

    def _end(self) -> None:
        if self.alive:
            self._killed_seconds = kill(self._box).cpu_seconds

    def _excess(self) -> Killed | None:
        """The limit for which the watch has ended the process, if it has."""
        if self._box.exceeded is None:
            return None
        reason: Reason = "timeout" if self._box.exceeded == "cpu" else self._box.exceeded
        return Killed(reason, f"the prover used more than the limit ({self._box.exceeded})")


def prover_pid(pid: int) -> int:
    """The innermost process below `pid`: the prover itself, under the wrapper that started it."""
    try:
        below = psutil.Process(pid).children()
    except psutil.NoSuchProcess:
        return pid
    return prover_pid(below[0].pid) if below else pid
