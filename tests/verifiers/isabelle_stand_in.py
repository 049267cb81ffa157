"""The stand-in of `isabelle_server.py` for tests: one that runs, or a program that a verifier starts itself.

It is a process of its own; `plays` changes what it does while it runs.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain import OutsideError
from verifiers.audit import scratch
from verifiers.audit.isabelle.client import Client, connect
from verifiers.audit.isabelle.settings import IsabelleSettings
from verifiers.audit.sandbox import Sandbox

PROGRAM = Path(__file__).with_name("isabelle_server.py")


@dataclass(frozen=True)
class StandIn:
    """A running stand-in and how to reach it."""

    host: str
    port: int
    password: str
    folder: Path
    process: subprocess.Popen[str]

    def play(self, *plays: dict[str, Any]) -> None:
        """What it does from now on; nothing means that it behaves."""
        fresh = self.folder / "plays.new"
        fresh.write_text(json.dumps(plays))
        fresh.replace(self.folder / "plays.json")

    def client(self, seconds: float = 10.0) -> Client:
        return Client(connect(self.host, self.port, seconds), self.password, seconds)

    def settings(self, **changes: Any) -> IsabelleSettings:
        """Settings for a verifier that talks to it."""
        file = self.folder / "password"
        file.write_text(self.password + "\n")
        quick: dict[str, Any] = {"check_seconds": 0.5, "audit_seconds": 0.5, "start_seconds": 20.0}
        return IsabelleSettings(server=f"{self.host}:{self.port}", password_file=file, **(quick | changes))


@contextmanager
def running(folder: Path) -> Generator[StandIn]:
    """A stand-in that ends with the block."""
    command = [sys.executable, "-I", str(PROGRAM), "--plays", str(folder / "plays.json"), "server", "-n", "test"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    announced = process.stdout.readline()
    found = re.fullmatch(r'server "test" = ([\d.]+):(\d+) \(password "([^"]+)"\)\n', announced)
    assert found is not None, announced
    try:
        yield StandIn(found[1], int(found[2]), found[3], folder, process)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def installed() -> Generator[str]:
    """The stand-in as a program that a box can see, under the name that `isabelle` would have.

    Raises:
        OutsideError: a box could not start it.
    """
    if shutil.which("python3", path="/usr/bin") is None:
        raise OutsideError("the box shows /usr, which has no python3 here")
    folder = Sandbox().make_folder(trusted=True)
    shutil.copyfile(PROGRAM, folder / "server.py")
    program = folder / "isabelle"
    program.write_text('#!/bin/sh\nexec python3 -I "$(dirname "$0")/server.py" "$@"\n')
    program.chmod(0o755)
    try:
        yield str(program)
    finally:
        scratch.remove(folder)
