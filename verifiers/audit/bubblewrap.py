"""The command line of a box: what it shows of the machine, whose rights it has, and whether boxes work here at all.

Invariant: a box shows `/usr`, its own scratch folder and the read-only inputs it was given; only the scratch folder can
be written to, and never with root's rights.

Layer: sandbox.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from domain import OutsideError
from verifiers.audit import scratch
from verifiers.audit.watch import MEBIBYTE, Limits

ENVIRONMENT: Mapping[str, str] = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"}  # noqa: S108 (inside)
"""All that a boxed process sees of the environment."""

SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/ocamlfind.conf", "/etc/ocamlfind.conf.d")
"""Shown beside `/usr` where they exist: the loader and the prover's plugin loader need them."""


def wrapped(argv: Sequence[str], folder: Path, limits: Limits, readable: Iterable[Path], *, boxed: bool) -> list[str]:
    """`argv` as it is started: in a namespace of its own if `boxed`, and under the limits in any case."""
    cpu = max(1, math.ceil(limits.cpu_seconds))
    limited = [
        "prlimit",
        f"--cpu={cpu}",
        f"--as={limits.memory_bytes}",
        f"--fsize={limits.output_bytes}",
        f"--nofile={limits.open_files}",
        "--core=0",
    ]
    dropped: list[str] = []
    if os.geteuid() == 0:
        uid = folder.stat().st_uid
        if uid == 0:
            raise OutsideError(f"the scratch folder {folder} belongs to root; make it with Sandbox.make_folder()")
        dropped = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--no-new-privs"]
    if not boxed:
        # A limit on processes counts all of the user's, so without a namespace it only suits a user id of our own.
        processes = [f"--nproc={limits.processes}"] if dropped else []
        return [*dropped, *limited, *processes, "--", *argv]
    box = ["bwrap", "--unshare-all", "--as-pid-1", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    box += ["--ro-bind", "/usr", "/usr", *(_own_proc() or _link_to_itself(argv)), "--dev", "/dev"]
    box += ["--size", str(64 * MEBIBYTE), "--tmpfs", "/tmp"]  # noqa: S108 (inside)
    box += _system_links()
    for path in readable:
        box += ["--ro-bind", str(path), str(path)]
    box += ["--bind", str(folder), str(folder), "--chdir", str(folder), "--remount-ro", "/dev", "--remount-ro", "/"]
    return [*dropped, *box, "--", *limited, f"--nproc={limits.processes}", "--", *argv]


@cache
def _system_links() -> list[str]:
    """`/bin`, `/lib` and the like as this system has them, and `SYSTEM_FILES`."""
    options: list[str] = []
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"):
        path = Path(name)
        if path.is_symlink():
            options += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            options += ["--ro-bind", name, name]
    for name in SYSTEM_FILES:
        options += ["--ro-bind-try", name, name]
    return options


def _link_to_itself(argv: Sequence[str]) -> list[str]:
    """Where there is no `/proc`: the one link in it for which Lean looks, that of the first process to its program."""
    program = next(word for word in argv if word != "env" and "=" not in word)
    return ["--symlink", shutil.which(program, path=ENVIRONMENT["PATH"]) or program, "/proc/1/exe"]


@cache
def _own_proc() -> list[str]:
    """A `/proc` of the box's own; none at all inside a container that forbids mounting one (see `_link_to_itself`)."""
    drop = (
        []
        if os.geteuid() != 0
        else ["setpriv", f"--reuid={scratch.UIDS[0]}", f"--regid={scratch.UIDS[0]}", "--clear-groups"]
    )
    box = [*drop, "bwrap", "--unshare-all", "--ro-bind", "/usr", "/usr", *_system_links(), "--proc", "/proc"]
    mounts = subprocess.run([*box, "true"], capture_output=True, timeout=30, check=False).returncode == 0
    return ["--proc", "/proc"] if mounts else []


@cache
def probe() -> str | None:
    """Run a box once: None when it holds, otherwise why it does not."""
    needed = ["prlimit", "bwrap"] + (["setpriv"] if os.geteuid() == 0 else [])
    missing = [name for name in needed if shutil.which(name) is None]
    if missing == ["bwrap"]:
        return "bubblewrap is missing, so provers run without a sandbox: apt-get install bubblewrap"
    if missing:
        raise OutsideError(f"{missing[0]} is missing: apt-get install util-linux")
    folder, hidden = scratch.make(owned=True), scratch.make(owned=False)
    try:
        script = f'touch inside && test ! -e {hidden} && test "$(id -u)" != 0'
        command = wrapped(["sh", "-c", script], folder, Limits(), (), boxed=True)
        result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30, env=dict(ENVIRONMENT))
    finally:
        scratch.remove(folder)
        scratch.remove(hidden)
    if result.returncode == 0:
        return None
    said = (result.stderr.strip().splitlines() or ["it does not isolate"])[-1]
    return f"bubblewrap is refused here ({said}), so provers run without a sandbox: allow user namespaces"
