"""Stops the sessions of a client that was killed: on a server that is not ours they would stay, each with gigabytes.

`Keeper` is the client's side. The other side is this file as a program, a process of its own that outlives the client:
it reads the server's password, then `+ID` for each session that was started and `-ID` for each that was stopped. When
its input ends, as it does however the client ends, it stops those that are left.

Invariant: whatever way a client ends, the sessions whose start it was told do not outlive it.

Layer: the server.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from contextlib import suppress

STOP_SECONDS = 30.0
"""For the sessions that are left to stop, wall time."""


class Keeper:
    """Tells a process of its own which sessions there are; it is started with the first."""

    def __init__(self, host: str, port: int, password: str) -> None:
        self._command = [sys.executable, "-I", __file__, host, str(port)]
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None

    def started(self, session: str) -> None:
        if self._process is None:
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, start_new_session=True)
            self._tell(self._password)
        self._tell(f"+{session}")

    def stopped(self, session: str) -> None:
        self._tell(f"-{session}")

    def close(self) -> None:
        """Have what is left be stopped, and wait for that."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
            self._process = None

    def _tell(self, line: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.write(line.encode() + b"\n")
                self._process.stdin.flush()


def main() -> None:
    host, port = sys.argv[1], int(sys.argv[2])
    password = sys.stdin.readline()
    left: dict[str, None] = {}
    for line in sys.stdin:
        if line.startswith("+"):
            left[line[1:].strip()] = None
        else:
            left.pop(line[1:].strip(), None)
    if left:
        with suppress(OSError):  # the server is gone, and its sessions with it
            stop(host, port, password, list(left))


def stop(host: str, port: int, password: str, sessions: list[str]) -> None:
    """Stop these sessions, and wait until each has ended in some way."""
    deadline = time.monotonic() + STOP_SECONDS
    with socket.create_connection((host, port), timeout=STOP_SECONDS) as connection:
        connection.sendall(password.encode())
        for session in sessions:
            connection.sendall(b"session_stop " + json.dumps({"session_id": session}).encode() + b"\n")
        said = b""
        while said.count(b"FINISHED {") + said.count(b"FAILED {") < len(sessions):
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            piece = connection.recv(1 << 16)
            if not piece:
                return
            said += piece


if __name__ == "__main__":
    main()
