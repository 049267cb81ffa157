"""Which toolchain a lake project asks for, by its file `lean-toolchain`, and where elan keeps it.

Invariant: nothing is installed. A toolchain that is missing is named, with the command that installs it, and a project
is never read by another release of Lean than it asks for.

Layer: header and candidate.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from domain import OutsideError

FILE = "lean-toolchain"
HOME_VARIABLE = "ELAN_HOME"

_RELEASE = re.compile(r"v?(\d+\.\d+\.\d+)")


def lake(project: Path | None) -> str:
    """The `lake` to call for a project: that of its toolchain where elan has it, otherwise the one on PATH.

    Raises:
        OutsideError: elan is there, and has not installed the release that the project asks for.
    """
    name = _asked(project)
    toolchains = Path(os.environ.get(HOME_VARIABLE) or Path.home() / ".elan") / "toolchains"
    if not name or not toolchains.is_dir():
        return "lake"
    program = toolchains / name.replace(":", "---").replace("/", "--") / "bin" / "lake"
    if program.is_file():
        return str(program)
    if _release(name) is None:  # a channel or a link, of which elan says what it is
        return "lake"
    has = ", ".join(sorted(one.name for one in toolchains.iterdir() if (one / "bin" / "lake").is_file())) or "none"
    raise OutsideError(
        f"{project}/{FILE} asks for {name}, which is not installed in {toolchains} (there: {has}): "
        f"`elan toolchain install {name}`"
    )


def require(project: Path | None, command: str, version: str) -> None:
    """Raises `OutsideError` where a Lean of this version is not the one that a project asks for."""
    asked = _release(_asked(project))
    if asked is not None and asked != _release(version):
        raise OutsideError(
            f"{project}/{FILE} asks for Lean {asked}, and `{command}` is {version}: its compiled libraries are not for "
            f"that; unset LEMMARY_LEAN, or install elan (docs/lean.md)"
        )


def _asked(project: Path | None) -> str:
    """The toolchain that a project names, in full; empty where it names none."""
    file = project / FILE if project is not None else None
    try:
        name = file.read_text(encoding="utf-8").strip() if file is not None else ""
    except (OSError, UnicodeDecodeError):
        return ""
    plain = _RELEASE.match(name)  # elan takes a bare release for one of Lean's own
    return f"leanprover/lean4:v{name.removeprefix('v')}" if plain else name


def _release(name: str) -> str | None:
    """The release in the name of a toolchain or a version: `4.9.0` in `leanprover/lean4:v4.9.0-rc1`."""
    found = _RELEASE.match(name.rpartition(":")[2])
    return found.group(1) if found else None
