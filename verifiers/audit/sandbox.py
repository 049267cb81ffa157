"""The box that every prover process runs in.

Each process gets a mount namespace that shows `/usr` (read-only), its own scratch folder and the read-only inputs it
was given; new process, network, IPC and host-name namespaces; an unprivileged user id of its own when we are root; no
capabilities and an empty environment; and limits on CPU seconds, address space, processes, open files and file size.
Wall time and the bytes of output are watched from outside, and so is what the whole box uses in sum: CPU seconds,
resident memory, its scratch folder (`watch`). The whole box dies with its first process, and with us.

Invariant: code of a candidate can write only to its scratch folder, and can read neither another candidate's scratch
folder nor a run directory. What it leaves in that folder is only touched as `scratch` does.

Not covered: the kernel's own attack surface (namespaces share the host's kernel); what is used within a tenth of a
second, before the watch sees it; files that are removed and closed but still mapped (up to the address space); timing
side channels; anything readable under `/usr`; the load of the machine below these limits.

Where bubblewrap is missing or refused (some containers forbid user namespaces) the sandbox is *degraded*: limits,
process groups and, for root, the unprivileged user id remain, and all processes of that id are killed at the end; but
the file system (as far as such a user may read it), other processes and the network are visible. Without root, a
process that leaves its group and its parent also outlives the box, and processes are not counted. `Sandbox.degraded`
then says so in one line, which every report repeats.

Layer: sandbox.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, NamedTuple

import psutil

from domain import OutsideError
from verifiers.audit import scratch
from verifiers.audit.bubblewrap import ENVIRONMENT, wrapped
from verifiers.audit.bubblewrap import probe as probe_once
from verifiers.audit.watch import MEBIBYTE, Box, Limits, Watch

GIBIBYTE = 1024 * MEBIBYTE

REAPING_SECONDS = 1.0
"""How long a wrapper may take to collect what it ran, after that was killed."""

_spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox-spawner")
"""Boxes die with the thread that started them (PR_SET_PDEATHSIG), so one thread that lives as long as we do starts
them all."""


_watch = Watch()

Stopped = Literal["wall", "cpu", "memory", "output"]
"""The limits that end a box."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a boxed command ended. `stopped` says which limit ended it, if one did."""

    returncode: int
    output: str
    seconds: float
    cpu_seconds: float
    stopped: Stopped | None = None

    @property
    def ok(self) -> bool:
        return self.returncode == 0 and self.stopped is None


class Sandbox:
    """Builds and runs boxed commands. Cheap to create: what works on this machine is probed once per process."""

    def __init__(self, probe: Callable[[], str | None] | None = None) -> None:
        self.degraded: str | None = (probe or probe_once)()

    # ------------------------------------------------------------------------------------------------ folders

    @contextmanager
    def folder(self) -> Generator[Path]:
        """A fresh scratch folder that a boxed process may write to; removed afterwards."""
        path = self.make_folder()
        try:
            yield path
        finally:
            scratch.remove(path)

    def make_folder(self, *, trusted: bool = False) -> Path:
        """A fresh folder; a trusted one stays ours, and boxed processes can only ever be shown it read-only."""
        return scratch.make(owned=not trusted)

    # ----------------------------------------------------------------------------------------------- commands

    def command(self, argv: Sequence[str], folder: Path, limits: Limits, readable: Iterable[Path] = ()) -> list[str]:
        """`argv` wrapped so that it runs boxed, in `folder`, with `readable` shown at their own paths."""
        return wrapped(argv, folder, limits, readable, boxed=self.degraded is None)

    def spawn(
        self,
        argv: Sequence[str],
        folder: Path,
        limits: Limits,
        readable: Iterable[Path] = (),
        *,
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        stderr: int | IO[bytes] = subprocess.STDOUT,
    ) -> Box:
        """Start `argv` boxed, in a process group of its own, with its standard output on a pipe."""
        command = self.command(argv, folder, limits, readable)

        def start() -> Box:
            # A process inherits what the thread that starts it blocks. Ray's workers block SIGINT, by which a prover
            # that has reached its limit is interrupted: blocked, it would have to be killed and loaded again.
            blocked = signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
            try:
                return Box(
                    command,
                    folder,
                    limits,
                    isolated=self.degraded is None,
                    env=dict(ENVIRONMENT),
                    stdin=stdin,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                )
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

        try:
            box = _spawner.submit(start).result()
        except OSError as error:
            message = f"cannot start {argv[0]}: {error.strerror}; `python -m pipeline doctor` says what is missing"
            raise OutsideError(message) from error
        _watch.add(box)
        return box

    def run(self, argv: Sequence[str], folder: Path, limits: Limits, readable: Iterable[Path] = ()) -> Finished:
        """Run `argv` boxed to its end, or to the first limit that it meets."""
        started = time.monotonic()
        process = self.spawn(argv, folder, limits, readable)
        stopped: Stopped | None = None
        chunks: list[bytes] = []
        size = 0
        deadline = started + limits.wall_seconds
        assert process.stdout is not None
        poll = select.poll()
        poll.register(process.stdout, select.POLLIN | select.POLLHUP)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                stopped = "wall"
                break
            if not poll.poll(left * 1000):
                continue
            chunk = os.read(process.stdout.fileno(), 1 << 16)
            if not chunk:
                break
            chunks.append(chunk)
            size += len(chunk)
            if size > limits.output_bytes:
                stopped = "output"
                break
        if stopped is None and not _ends_before(process, deadline):
            stopped = "wall"
        ended = kill(process)
        process.stdout.close()
        # The kernel counts CPU time by its own clock, which runs ahead of what it reports, further in a crowd.
        if stopped is None:
            stopped = process.exceeded
        if stopped is None and ended.returncode in (137, -9) and ended.cpu_seconds >= 0.5 * limits.cpu_seconds:
            stopped = "cpu"
        text = b"".join(chunks)[: limits.output_bytes].decode("utf-8", "replace")
        return Finished(ended.returncode, text, time.monotonic() - started, ended.cpu_seconds, stopped)


def kill(process: Box) -> Ended:
    """End a box (its process group, and with it its process namespace) if it has not ended; how it ended.

    What runs inside goes first: its wrapper then waits for it, so that its CPU time is counted as this process's.
    """
    if process.returncode is not None:
        return Ended(process.returncode, 0.0)
    running_seconds = cpu_seconds(process.pid)
    with suppress(psutil.Error):
        for inside in psutil.Process(process.pid).children():
            inside.kill()
    if not _ends_before(process, time.monotonic() + REAPING_SECONDS):
        with suppress(ProcessLookupError, PermissionError):  # the group may be gone, or be another user's for a moment
            os.killpg(process.pid, signal.SIGKILL)
    with process.lock:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if not process.isolated:
        _kill_all_of(process.folder)
    return Ended(process.returncode, max(running_seconds, usage.ru_utime + usage.ru_stime))


def _kill_all_of(folder: Path) -> None:
    """End what has left its process group in a degraded sandbox: all processes of the folder's own user id."""
    uid = folder.stat().st_uid if os.geteuid() == 0 and folder.exists() else 0
    while uid in scratch.UIDS:
        found = [one for one in psutil.process_iter(["uids"]) if one.info["uids"] and one.info["uids"].real == uid]
        running = [one for one in found if _is_running(one)]
        if not running:
            return
        for one in running:
            with suppress(psutil.Error):
                one.kill()


def _is_running(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


class Ended(NamedTuple):
    """How a box ended."""

    returncode: int
    cpu_seconds: float


def cpu_seconds(pid: int) -> float:
    """CPU seconds used so far by `pid`, by what runs below it, and by the children that these have waited for."""
    total = 0.0
    try:
        top = psutil.Process(pid)
        for process in (top, *top.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
    except psutil.NoSuchProcess:
        pass
    return total


def _ends_before(process: Box, deadline: float) -> bool:
    """Wait until `deadline` for the end of a process, without reaping it."""
    pause = 0.0005
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(2 * pause, 0.05)
    return True
