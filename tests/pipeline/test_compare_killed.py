"""A comparison that is killed takes its run with it, and the same command goes on with both."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

from library_store.snapshot import read

PATIENCE_SECONDS = 120.0


def ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until_ended(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that are still there when patience ends."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (left := [one for one in processes if not ended(one)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


PARENT = """
import sys, time
from pipeline.commands.compare import child
print(child([sys.executable, "-c", "import time; time.sleep(1000)"]).pid, flush=True)
time.sleep(1000)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal at a parent's end is Linux's")
def test_a_child_ends_with_a_parent_that_is_killed(repository: Path) -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, cwd=repository, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert not ended(child)
        os.kill(parent.pid, signal.SIGKILL)
    left = wait_until_ended([child])
    for process in left:
        process.kill()
    assert not left


@pytest.mark.acceptance
def test_a_killed_comparison_leaves_no_process_and_resumes(repository: Path, tmp_path: Path) -> None:
    tree = {
        "rounds": 2,
        "cpu_seconds": 300,
        "problems": [{"dataset": "bundled", "names": ["add_zero", "add_next_slides"]}],
        "model": {"kind": "none"},
        "evolve": {"request_steps": 2},
    }
    (tmp_path / "configuration.yaml").write_text(yaml.safe_dump(tree))
    command = [sys.executable, "-m", "pipeline", "compare", str(tmp_path / "configuration.yaml")]
    command += ["--arms", "shared", "--out", str(tmp_path / "out")]
    run = tmp_path / "out" / "shared" / "seed=0"
    comparison = subprocess.Popen(command, cwd=repository, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while comparison.poll() is None and time.monotonic() < deadline and not (run / "config.yaml").is_file():
        time.sleep(0.1)
    below = psutil.Process(comparison.pid).children(recursive=True)
    assert any("raylet" in one.name() for one in below), "the run has its actors"
    os.kill(comparison.pid, signal.SIGKILL)
    comparison.wait()
    assert not wait_until_ended(below)
    assert not (tmp_path / "out" / "comparison.json").exists()
    subprocess.run(command, cwd=repository, check=True, capture_output=True, timeout=800)
    assert (tmp_path / "out" / "comparison.json").is_file()
    assert read(run).round == 2
