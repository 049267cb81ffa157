"""What a run tells on the terminal and as JSON."""

from pathlib import Path

import pytest

from library_store.snapshot import read
from pipeline.summary import result, summarise
from tests.pipeline.sample_run import build


@pytest.mark.parametrize("said", ["bubblewrap is missing", ""])
def test_a_degraded_sandbox_is_told(tmp_path: Path, said: str) -> None:
    run = build(tmp_path / "run", rounds=1, degraded=said)
    assert ("not fully sandboxed" in summarise(run).text) == bool(said)
    assert said in summarise(run).text
    assert result(read(run))["sandbox_shortfall"] == (said or None)
