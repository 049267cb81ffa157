"""Several hosts on one machine: network namespaces with an address each, on one bridge, with a Ray node in each.

    python bench/hosts.py configs/quickstart.yaml --json hosts.json --set verifiers.processes=3

A host has its own network stack and its own folder for Ray's sockets and logs; processes, memory and files are shared.
It needs root and the programs `ip` and `mount` (Debian: iproute2). What this starts, and nothing else, ends with it.

As a script it sends a run to three such hosts with `submit`, as a user would, and tells what stood where. The fault
bench takes hosts away from runs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil

from bench.script import REPOSITORY, command_line, ended, machine, tell
from domain import OutsideError
from library_store.snapshot import read

NETWORK = "10.77.0"
BRIDGE = "lmybr"
OURS = 254
"""The last number of this machine's own address on the bridge."""

GCS_PORT, DASHBOARD_PORT = 6379, 8265
START_SECONDS = 90.0
RAY = str(Path(sys.executable).parent / "ray")


def usable() -> str | None:
    """Why hosts cannot be made here, if so."""
    if os.geteuid() != 0:
        return "needs root"
    if not shutil.which("ip"):
        return "needs `ip` (Debian: iproute2)"
    return None


class Hosts:
    """Hosts 1 to `count`; the first one is the head of the Ray cluster. Use as a context manager."""

    def __init__(self, count: int, cores: int = 2, store_mib: int = 200) -> None:
        self.count, self._cores, self._store = count, cores, store_mib * 2**20
        self._sockets = Path(tempfile.mkdtemp(prefix="lmy", dir="/tmp"))  # a socket's path is short
        self._nodes: dict[int, subprocess.Popen[bytes]] = {}
        self.log = self._sockets / "log"
        self.log.mkdir()

    def __enter__(self) -> Self:
        self._clear()  # what one that was killed left
        try:
            _ip("link", "add", BRIDGE, "type", "bridge")
            _ip("addr", "add", f"{NETWORK}.{OURS}/24", "dev", BRIDGE)
            _ip("link", "set", BRIDGE, "up")
            for number in range(1, self.count + 1):
                self._add(number)
            for number in range(1, self.count + 1):
                self.start(number)
                if number == 1:
                    self._wait_for_head()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()
        for process in self._nodes.values():
            process.wait(30)
        shutil.rmtree(self._sockets, ignore_errors=True)

    def _clear(self) -> None:
        for number in range(1, self.count + 1):
            _end_all_on(number)
            _ip("link", "del", f"lmyv{number}", check=False)
            _ip("netns", "del", name(number), check=False)
        _ip("link", "del", BRIDGE, check=False)

    @property
    def address(self) -> str:
        """Where the head's Ray listens."""
        return f"{NETWORK}.1:{GCS_PORT}"

    @property
    def job_server(self) -> str:
        return f"http://{NETWORK}.1:{DASHBOARD_PORT}"

    def on(self, number: int, command: list[str]) -> list[str]:
        """The command line that runs a command on a host."""
        return ["ip", "netns", "exec", name(number), *command]

    def environment(self) -> dict[str, str]:
        """What a process on a host has in its environment."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("RAY_")}
        return kept | {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}

    def start(self, number: int) -> None:
        """Starts the Ray node of a host."""
        where = ["--head", f"--port={GCS_PORT}", "--dashboard-host=0.0.0.0", f"--temp-dir={self._sockets / 'ray'}"]
        if number > 1:
            where = [f"--address={self.address}"]
        command = [RAY, "start", "--block", f"--node-ip-address={NETWORK}.{number}", f"--node-name={name(number)}"]
        command += [f"--num-cpus={self._cores}", f"--object-store-memory={self._store}", *where]
        (self._sockets / "ray").mkdir(exist_ok=True)
        if number > 1:  # a folder of sockets that only this host sees
            hidden = ["mount", "-t", "tmpfs", "none", str(self._sockets / "ray")]
            command = ["sh", "-c", f'{" ".join(hidden)} && exec "$@"', "sh", *command]
        with (self.log / f"{name(number)}.log").open("ab") as log:
            self._nodes[number] = subprocess.Popen(
                self.on(number, command), env=self.environment(), stdout=log, stderr=log, start_new_session=True
            )

    def kill(self, number: int) -> None:
        """Kills everything that runs on a host, as if its plug had been pulled."""
        _end_all_on(number)
        self._nodes.pop(number).wait(30)

    def cut(self, number: int) -> None:
        """Takes a host off the network."""
        _ip("link", "set", f"lmyv{number}", "down")

    def join(self, number: int) -> None:
        """Puts it back."""
        _ip("link", "set", f"lmyv{number}", "up")

    def _add(self, number: int) -> None:
        outside, inside = f"lmyv{number}", f"lmyh{number}"
        _ip("netns", "add", name(number))
        _ip("link", "add", outside, "type", "veth", "peer", "name", inside)
        _ip("link", "set", inside, "netns", name(number))
        _ip("link", "set", outside, "master", BRIDGE, "up")
        _ip("-n", name(number), "addr", "add", f"{NETWORK}.{number}/24", "dev", inside)
        _ip("-n", name(number), "link", "set", inside, "up")
        _ip("-n", name(number), "link", "set", "lo", "up")

    def _wait_for_head(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            try:
                with urlopen(f"{self.job_server}/api/version", timeout=2):
                    return
            except (URLError, OSError):
                time.sleep(0.5)
        raise OutsideError(f"the head did not start: {(self.log / f'{name(1)}.log').read_text()[-500:]}")


def name(number: int) -> str:
    """Of a host, its network namespace and its Ray node."""
    return f"lmyhost{number}"


def _end_all_on(number: int) -> None:
    for victim in _ip("netns", "pids", name(number), check=False).split():
        with suppress(psutil.NoSuchProcess):
            psutil.Process(int(victim)).kill()


def _ip(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise OutsideError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


# ------------------------------------------------------------------------------------------------------------- script


def main() -> int:
    parser = command_line(__doc__, seed=False)
    parser.add_argument("config", metavar="CONFIG", help="of a run")
    parser.add_argument("--hosts", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], help="as `run` takes it")
    options = parser.parse_args()
    if why := usable():
        raise OutsideError(f"no hosts can be made here: {why}")
    where = machine()
    with tempfile.TemporaryDirectory(prefix="hosts") as temporary, Hosts(options.hosts) as hosts:
        out = Path(temporary) / "run"
        command = [sys.executable, "-m", "pipeline", "submit", options.config, "--address", hosts.job_server]
        command += ["--out", str(out), *(part for one in options.set for part in ("--set", one))]
        began = time.monotonic()
        with (Path(temporary) / "log").open("w+b") as log:
            code = subprocess.run(command, cwd=REPOSITORY, env=hosts.environment(), stdout=log, check=False).returncode
            log.seek(0)
            said = log.read().decode()
        seconds = time.monotonic() - began
        print(said)
        if code:
            raise OutsideError(f"the run ended with exit code {code}")
        counts = read(out, names=()).manifests[-1].counts
    placed = r"^\[.*s\] (library|verification|workers|model): (\d+ on .*)$"
    found: list[tuple[str, str]] = re.findall(placed, said, re.MULTILINE)
    rows = [{"actors": kind, "hosts": places} for kind, places in found]
    headline = {"hosts": options.hosts, "wall_seconds": round(seconds, 1), **counts}
    tell(options, where, rows, headline, {"actors": "{actors}", "how many on which host": "{hosts}"})
    return 0


if __name__ == "__main__":
    sys.exit(ended(main))
