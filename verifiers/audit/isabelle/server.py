"""An Isabelle server to talk to: our own in a box, or one that already listens.

Our own runs in the sandbox without a network, so its port cannot be reached from outside. A few lines of bash in the
box start the server, connect to it there, and pass its bytes on through standard input and output. The server sees the
Isabelle distribution, the user's session images and our theories read-only, and writes to one scratch folder.

Invariant: a server of ours dies with its connection. A server that already listens is not ours: it runs with its
owner's rights and outside the sandbox, and the verifier's `sandbox_note` says so; of it, our sessions end with us
(`keeper`). Theories lie in a folder that no
boxed process can write to.

Layer: the server.
"""

from __future__ import annotations

import os
import re
import secrets
import select
import shutil
import subprocess
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from domain import OutsideError, UserError
from verifiers.audit import scratch
from verifiers.audit.isabelle.client import Client, Stream, connect
from verifiers.audit.isabelle.keeper import Keeper
from verifiers.audit.isabelle.settings import COMMAND_VARIABLE, PASSWORD_VARIABLE, SERVER_VARIABLE, IsabelleSettings
from verifiers.audit.sandbox import GIBIBYTE, Sandbox, cpu_seconds, kill
from verifiers.audit.watch import Box, Limits

RELAY = r"""
mkfifo here && exec 4<>here || exit 1
{ "$@"; echo "(ended)"; } >&4 2>&1 </dev/null &
while IFS= read -r -u 4 line; do
  case $line in "(ended)") exit 1;; esac
  printf '%s\n' "$line"
  case $line in (server*127.0.0.1:*password*) break;; esac
done
port=${line#*127.0.0.1:}
exec 3<>"/dev/tcp/127.0.0.1/${port%% *}" || exit 1
exec 5<&0 2>/dev/null
cat <&3 &
reader=$!
{ cat <&5 >&3; kill $reader; } &
wait $reader
"""
"""Run by bash in the box with the server's command as arguments: its announcement, then the bytes of a connection.

It ends when either side closes. What `cat` says of a connection that is reset may not come between these bytes.
"""

_ANNOUNCED = re.compile(rb'server "[^"\n]*" = (?P<host>[\w.]+):(?P<port>\d+) \(password "(?P<password>[^"\n]*)"\)')


class Address(NamedTuple):
    """Where a server listens, and its password."""

    host: str
    port: int
    password: str


class Server:
    """A running server and one connection to it. `folder` is where its theories are written, by us alone."""

    def __init__(self, client: Client, folder: Path, box: Box | None = None, keeper: Keeper | None = None) -> None:
        self.client = client
        self.folder = folder
        self.keeper = keeper
        self._box = box
        self._cpu_seconds = 0.0

    @property
    def ours(self) -> bool:
        """Whether it ends when we close it."""
        return self._box is not None

    def cpu_seconds(self) -> float:
        """CPU seconds of a server of ours; 0 for one that is not."""
        if self._box is not None and self._box.returncode is None:
            self._cpu_seconds = max(self._cpu_seconds, cpu_seconds(self._box.pid))
        return self._cpu_seconds

    def close(self) -> None:
        """Close the connection, and end a server of ours with all that runs in it."""
        self.cpu_seconds()
        self.client.close()
        if self._box is not None:
            self._cpu_seconds = max(self._cpu_seconds, kill(self._box).cpu_seconds)
            scratch.remove(self._box.folder)
        if self.keeper is not None:
            self.keeper.close()
        scratch.remove(self.folder)


def open_server(settings: IsabelleSettings, sandbox: Sandbox) -> Server:
    """A server as the settings say.

    Raises:
        OutsideError: there is none, or it does not answer.
    """
    if settings.server:
        address = _address(settings)
        stream = connect(address.host, address.port, settings.start_seconds)
        folder = sandbox.make_folder(trusted=True)
        client = Client(stream, address.password, settings.start_seconds)
        return Server(client, folder, keeper=Keeper(*address))
    return _start(settings, sandbox)


def require(settings: IsabelleSettings) -> None:
    """Raises `OutsideError` where the settings name no server by its address, and Isabelle is not installed here."""
    if ":" not in settings.server:
        _command(settings)


def _address(settings: IsabelleSettings) -> Address:
    host, colon, port = settings.server.rpartition(":")
    if not colon:
        said = _run([*_command(settings), "server", "-n", settings.server, "-s"])
        found = _ANNOUNCED.search(said)
        if found is None:
            raise OutsideError(f"no Isabelle server is named {settings.server!r}: `isabelle server -l` lists them")
        return Address(found["host"].decode(), int(found["port"]), found["password"].decode())
    if not port.isdigit():
        raise UserError(f"the Isabelle server {settings.server!r} is neither a name nor HOST:PORT")
    if settings.password_file is None:
        raise UserError(f"the Isabelle server {settings.server} needs a password: name its file in {PASSWORD_VARIABLE}")
    try:
        password = settings.password_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"the password file {settings.password_file} cannot be read: {error}") from error
    return Address(host, int(port), password)


def _command(settings: IsabelleSettings) -> list[str]:
    command = list(settings.command) or ["isabelle"]
    if shutil.which(command[0]) is None:
        raise OutsideError(
            f"Isabelle is missing (`{command[0]}` is not found): put `isabelle` of isabelle.in.tum.de on PATH, "
            f"or name it in {COMMAND_VARIABLE}, or name a server that listens in {SERVER_VARIABLE}"
        )
    return command


def _run(command: Sequence[str]) -> bytes:
    try:
        result = subprocess.run(command, capture_output=True, check=False, timeout=60, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OutsideError(f"`{' '.join(command)}` fails: {error}") from error
    return result.stdout


def _start(settings: IsabelleSettings, sandbox: Sandbox) -> Server:
    command = _command(settings)
    folder, theories = sandbox.make_folder(), sandbox.make_folder(trusted=True)
    home, readable = _surroundings(command, settings, folder)
    inside = ["env", f"HOME={home}", *command, "server", "-n", f"lemmary{secrets.token_hex(4)}"]
    limits = Limits(
        wall_seconds=settings.start_seconds,
        cpu_seconds=100_000.0,  # a server lives long; what one question may use is limited by its own clock
        memory_bytes=settings.memory_bytes,
        output_bytes=GIBIBYTE,
        processes=1024,
        open_files=4096,
    )
    argv = ["bash", "-c", RELAY, "relay", *inside]
    box = sandbox.spawn(argv, folder, limits, [*readable, theories], stdin=subprocess.PIPE)
    assert box.stdin is not None
    assert box.stdout is not None
    reading, writing = box.stdout, box.stdin

    def close() -> None:
        reading.close()
        writing.close()

    try:
        password = _announcement(reading.fileno(), settings.start_seconds)
        stream = Stream(reading.fileno(), writing.fileno(), close)
        return Server(Client(stream, password, settings.start_seconds), theories, box)
    except OutsideError:
        kill(box)
        close()
        for left in (folder, theories):
            scratch.remove(left)
        raise


def _announcement(descriptor: int, seconds: float) -> str:
    """The password from the line with which a server begins."""
    said = b""
    deadline = time.monotonic() + seconds
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while not (said.endswith(b"\n") and _ANNOUNCED.search(said)):
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise OutsideError(f"the Isabelle server does not start within {seconds:.0f} s")
        byte = os.read(descriptor, 1)  # no byte of the connection that follows may be taken
        if not byte:
            last = (said.decode("utf-8", "replace").strip().splitlines() or ["it says nothing"])[-1]
            raise OutsideError(f"the Isabelle server does not start: {last}")
        said += byte
    found = _ANNOUNCED.search(said)
    assert found is not None
    return found["password"].decode("utf-8", "replace")


def _surroundings(command: Sequence[str], settings: IsabelleSettings, folder: Path) -> tuple[Path, list[Path]]:
    """A home folder for the server, and the folders that it must see.

    Session images that the user has built are linked into the new home, where further ones can be built.
    """
    told = _told(tuple(command))
    home = folder / "home"
    _open_folder(home)
    program = Path(shutil.which(command[0]) or command[0]).resolve().parent
    readable = [program, *settings.session_folders]
    if len(told) == 3:
        distribution, user_home, heaps = told
        readable += [distribution, heaps]
        own = home / ".isabelle" / user_home.name / "heaps"
        _open_folder(own)
        for path in sorted(heaps.rglob("*")) if heaps.is_dir() else []:
            if path.is_dir():
                _open_folder(own / path.relative_to(heaps))
            else:
                (own / path.relative_to(heaps)).symlink_to(path)
    return home, [path for path in dict.fromkeys(readable) if path.is_dir() and not path.is_relative_to("/usr")]


@cache
def _told(command: tuple[str, ...]) -> tuple[Path, ...]:
    """The distribution's folder, the user's own and that of session images, as `isabelle getenv` says."""
    said = _run([*command, "getenv", "-b", "ISABELLE_HOME", "ISABELLE_HOME_USER", "ISABELLE_HEAPS"])
    return tuple(Path(line) for line in said.decode("utf-8", "replace").splitlines())


def _open_folder(folder: Path) -> None:
    """Make a folder, with those above it, that the server's user id can write to."""
    if not folder.is_dir():
        _open_folder(folder.parent)
        folder.mkdir()
        folder.chmod(0o777)
