"""Lean as elan installs it, several releases side by side: the one that a project asks for is the one that answers."""

from __future__ import annotations

import re
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain import OutsideError
from pipeline.commands.doctor_provers import AilmentError, check_lean
from verifiers.audit.lean import toolchain as lean
from verifiers.audit.lean.toolchain import LeanSettings, find, require

LAKE = '#!/bin/sh\nshift\nPATH={bin}:$PATH LEAN_PATH=build/lib exec "$@"\n'
LEAN = (
    '#!/bin/sh\ncase $1 in --version) echo "Lean (version {version}, x86_64)";; --print-prefix) echo {prefix};; esac\n'
)


def program(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that the sandbox's user may enter, as those of pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def elan(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as elan keeps it, with two releases, and a `lake` on PATH that belongs to neither."""
    home = open_folder / "elan"
    for version in ("4.9.0", "4.20.1"):
        folder = home / "toolchains" / f"leanprover--lean4---v{version}"
        program(folder / "bin" / "lean", LEAN.format(version=version, prefix=folder))
        program(folder / "bin" / "lake", LAKE.format(bin=folder / "bin"))
    other = open_folder / "other"
    program(other / "lean", LEAN.format(version="4.1.0", prefix=other))
    program(other / "lake", LAKE.format(bin=other))
    monkeypatch.setenv("ELAN_HOME", str(home))
    monkeypatch.setenv("PATH", f"{other}:/usr/bin:/bin")
    lean._find.cache_clear()  # pyright: ignore[reportPrivateUsage]
    return home


def project(folder: Path, asks: str | None) -> Path:
    found = folder / "project"
    (found / "build" / "lib").mkdir(parents=True)
    if asks is not None:
        (found / "lean-toolchain").write_text(f"{asks}\n")
    return found


@pytest.mark.parametrize("asks", ["leanprover/lean4:v4.9.0", "leanprover/lean4:v4.20.1", "v4.9.0", "4.20.1"])
def test_a_project_is_read_by_the_release_that_it_asks_for(elan: Path, open_folder: Path, asks: str) -> None:
    release = asks.rpartition("v")[2]
    folder = project(open_folder, asks)
    found = find(LeanSettings(project=folder))
    own = elan / "toolchains" / f"leanprover--lean4---v{release}"
    assert (found.version, found.command) == (release, (str(own / "bin" / "lean"),))
    assert found.library_path == (folder / "build" / "lib",)
    assert own in found.readable


@pytest.mark.parametrize("asks", [None, "leanprover/lean4:stable"])
def test_a_project_that_names_no_release_is_read_by_the_lake_on_the_path(
    elan: Path, open_folder: Path, asks: str | None
) -> None:
    assert find(LeanSettings(project=project(open_folder, asks))).version == "4.1.0"


def test_a_toolchain_that_is_linked_under_a_name_is_found(elan: Path, open_folder: Path) -> None:
    (elan / "toolchains" / "mine").symlink_to(elan / "toolchains" / "leanprover--lean4---v4.9.0")
    assert find(LeanSettings(project=project(open_folder, "mine"))).version == "4.9.0"


def test_a_release_that_elan_lacks_is_named_with_what_installs_it(elan: Path, open_folder: Path) -> None:
    settings = LeanSettings(project=project(open_folder, "leanprover/lean4:v4.15.0-rc1"))
    said = (
        r"project/lean-toolchain asks for leanprover/lean4:v4\.15\.0-rc1, which is not installed in .*elan/toolchains "
        r"\(there: leanprover--lean4---v4\.20\.1, leanprover--lean4---v4\.9\.0\): "
        r"`elan toolchain install leanprover/lean4:v4\.15\.0-rc1`"
    )
    for asked in (require, find):
        with pytest.raises(OutsideError, match=said):
            asked(settings)


@pytest.mark.parametrize("has_elan", [True, False])
def test_a_lean_of_another_release_than_the_project_asks_for_is_refused(
    elan: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch, has_elan: bool
) -> None:
    folder = project(open_folder, "leanprover/lean4:v4.9.0")
    if not has_elan:
        monkeypatch.setenv("ELAN_HOME", str(open_folder / "nothing"))
    command = (str(elan / "toolchains" / "leanprover--lean4---v4.20.1" / "bin" / "lean"),) if has_elan else ()
    called = command[0] if command else "lake env lean"
    version = "4.20.1" if command else "4.1.0"
    with pytest.raises(OutsideError, match=re.escape(f"asks for Lean 4.9.0, and `{called}` is {version}:")):
        find(LeanSettings(command, folder))


def test_doctor_shows_which_lean_of_ones_own_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded one under another name, which has no `Init`."""
    lean._find.cache_clear()  # pyright: ignore[reportPrivateUsage]
    command = find().command
    monkeypatch.setenv("LEMMARY_LEAN", shlex.join(command))
    monkeypatch.delenv("LEMMARY_LEAN_PROJECT", raising=False)
    with pytest.raises(AilmentError, match=re.escape(f"lean4 4.35.0 ({command[0]}) ")):
        check_lean()
