"""A run whose language model is real: vLLM in a Ray actor, with the MemoryFormer that comes with the project."""

from pathlib import Path

import pytest
import yaml

from library_store.snapshot import read
from pipeline.__main__ import main

CONFIGURATION = {
    "seed": 0,
    "rounds": 1,
    "problems": [{"dataset": "bundled", "names": ["height_below_weight", "times_found_store"]}],
    "model": {"name": "memoryformer_small", "instructed": False, "context": 512, "max_tokens": 48, "cpu_share": 1.0},
    "verifiers": {"processes": 1},
    "prove": {"workers": 1, "samples": 2, "repairs": 1, "scripts": 0},
    "evolve": {"enabled": False},
}
"""Two problems that automation leaves open, and nothing of automation."""


@pytest.mark.timeout(900)
def test_the_model_is_asked_for_proofs_and_what_it_took_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, run = tmp_path / "configuration.yaml", tmp_path / "run"
    file.write_text(yaml.safe_dump(CONFIGURATION))
    assert main(["run", str(file), "--out", str(run)]) == 0
    tables = read(run)
    asked = [row for row in tables.rows("attempts") if row["model"]]
    assert {row["target"] for row in asked} == {"height_below_weight", "times_found_store"}
    assert all("memoryformer_small" in row["model"] and row["tokens_out"] > 0 for row in asked)
    counts = tables.manifests[-1].counts
    assert counts["tokens"] == sum(row["tokens_in"] + row["tokens_out"] for row in tables.rows("attempts"))
    assert f"{counts['tokens']} tokens" in capsys.readouterr().out
    # Whatever it proved passed the audit; nothing else counts.
    proved = [row for row in tables.rows("problems") if row["status"] == "proved"]
    assert counts["solved"] == len(proved) == len(list((run / "proofs").glob("*.v")))
