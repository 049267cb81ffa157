"""Strict types, as a test: the checker has one thread, and beside it the other process goes on with tests."""

import subprocess
import sys
from pathlib import Path


def test_all_files_have_strict_types(repository: Path) -> None:
    command = [sys.executable, "-m", "basedpyright"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
