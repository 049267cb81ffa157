"""A run under way, and what can befall it: each fault is done at once and gives back what mends it later."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil

from bench.hosts import Hosts
from bench.script import REPOSITORY
from domain import OutsideError
from library_store import journal
from library_store.snapshot import read
from library_store.tables import MANIFEST

TITLES = {
    "library": "ray::SharedLibrary",
    "verification": "ray::Verification",
    "worker": "ray::Worker",
    "prover": "coqidetop",
    "raylet": "raylet/raylet",
    "replica": "ray::SharedModel",
}
"""Kind → what the command line of a process of that kind holds."""

PAUSE_SECONDS = 20.0
LONGEST = 900.0
"""Seconds after which a run counts as one that does not end."""


class Run:
    """A run under way, in a process of its own."""

    def __init__(self, configuration: Path, directory: Path, hosts: Hosts | None) -> None:
        command = [sys.executable, "-m", "pipeline", "run", str(configuration), "--out", str(directory)]
        environment = dict(os.environ)
        if hosts is not None:
            command += ["--set", f"ray.address={hosts.address}", "--set", "verifiers.processes=3"]
            command, environment = hosts.on(1, command), hosts.environment()
        self.directory, self._log = directory, directory.with_suffix(".log")
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=REPOSITORY, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def began(self) -> bool:
        return "round 1" in self.said()

    def said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def below(self, kind: str) -> list[psutil.Process]:
        """The processes of a kind below it."""
        if self.process.poll() is not None:
            return []
        found: list[psutil.Process] = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if TITLES[kind] in " ".join(process.cmdline()):
                    found.append(process)
        return sorted(found, key=lambda one: one.pid)

    def wait(self) -> int:
        try:
            return self.process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            self.end()
            raise OutsideError(f"a run did not end within {LONGEST:.0f} s: {self.said()[-500:]}") from None

    def end(self) -> None:
        """Ends all processes of its, which it may have left behind."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


def acknowledged(directory: Path) -> set[str]:
    """Ids of the lemmas that the journal and the snapshots of a run hold now, read without touching the run."""
    has_round = any((directory / "rounds").glob(f"round=*/{MANIFEST}"))
    found = {row["id"] for row in read(directory).rows("lemmas")} if has_round else set[str]()
    for path in journal.segments(directory / "journal").values():
        found |= {row["id"] for name, row in journal.read(path).records if name == "lemmas"}
    return found


# ------------------------------------------------------------------------------------------------------------- faults


def kill(kind: str, run: Run, rng: random.Random) -> Callable[[], None]:
    if run.process.poll() is not None:
        raise LookupError("it has ended")
    victims = [psutil.Process(run.process.pid)] if kind == "driver" else run.below(kind)
    if not victims:
        raise LookupError(f"no {kind} is there")
    rng.choice(victims).kill()
    return lambda: None


def pause(run: Run, rng: random.Random) -> Callable[[], None]:
    kind = rng.choice(("library", "verification", "worker", "prover"))
    victims = run.below(kind)
    if not victims:
        raise LookupError(f"no {kind} is there")
    victim = rng.choice(victims)
    victim.suspend()

    def go_on() -> None:
        if kind != "prover":
            time.sleep(PAUSE_SECONDS)
            with suppress(psutil.NoSuchProcess):
                victim.resume()

    return go_on


def fill(run: Run, _: random.Random) -> Callable[[], None]:
    filler = run.directory.parent / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(2**16))

    def free() -> None:
        with suppress(subprocess.TimeoutExpired):
            run.process.wait(PAUSE_SECONDS)
        filler.unlink()

    return free


def lose(hosts: Hosts, _: Run, rng: random.Random) -> Callable[[], None]:
    number = rng.randint(2, hosts.count)
    hosts.kill(number)
    return partial(hosts.start, number)


def cut(hosts: Hosts, _: Run, rng: random.Random) -> Callable[[], None]:
    number = rng.randint(2, hosts.count)
    hosts.cut(number)

    def back() -> None:
        time.sleep(rng.choice((5.0, PAUSE_SECONDS, 60.0)))
        hosts.join(number)

    return back


@contextmanager
def small_disk(folder: Path, size_mib: int = 64) -> Generator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "none", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
