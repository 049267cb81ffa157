"""The fault bench on real runs: a worker that is killed over its step is told, and changes nothing."""

import json
import subprocess
import sys
from pathlib import Path


def test_a_run_whose_worker_is_killed_ends_with_the_tables_of_one_that_was_left_alone(
    repository: Path, tmp_path: Path
) -> None:
    written = tmp_path / "faults.json"
    command = [sys.executable, "bench/faults.py", "--faults", "1", "--kinds", "worker", "--json", str(written)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(written.read_text())
    assert found["headline"]["lost_lemmas"] == found["headline"]["unequal_tables"] == 0
    assert [row["exit_codes"] for row in found["rows"]] == [[0]]
