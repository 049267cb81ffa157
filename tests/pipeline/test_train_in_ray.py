"""Two workers of Ray Train tell the losses of one process; without Ray Train, one line says what is missing."""

import importlib.util
import json
from pathlib import Path

import pytest
import yaml

from pipeline.__main__ import main

HAS_RAY_TRAIN = importlib.util.find_spec("pandas") is not None
"""Ray Train refuses to be imported without pandas, which is not in the lock."""


def configuration(folder: Path, steps: int = 3) -> Path:
    for number in range(6):
        lines = [f"Lemma l{n}_{number} : forall x, {n} + x = x + {n}.\nProof. lia. Qed.\n" for n in range(40)]
        (folder / f"F{number}.v").write_text("".join(lines))
    recipe = {"steps": steps, "context": 16, "batch": 2, "accumulate": 2, "warm_up": 1, "threads": 1}
    tree = {
        "corpus": [{"source": "text", "path": str(folder)}],
        "hold_out": [],
        "held_out": {"share": 0.4},
        "tokenizer": {"vocabulary": 300},
        "model": {"width": 16, "blocks": 1, "heads": 2, "bits": 4},
        "recipe": recipe | {"evaluation_tokens": 64},
    }
    file = folder / "c.yaml"
    file.write_text(yaml.safe_dump(tree))
    return file


def losses(directory: Path) -> list[float]:
    lines = map(json.loads, (directory / "metrics.jsonl").read_text().splitlines())
    return [line["bits_per_byte"] for line in lines if line["kind"] in ("train", "evaluation")]


@pytest.mark.skipif(not HAS_RAY_TRAIN, reason="Ray Train is not installed (the extra `train`)")
def test_two_workers_tell_the_losses_of_one(tmp_path: Path) -> None:
    file = configuration(tmp_path)
    assert main(["train", str(file), "--out", str(tmp_path / "one")]) == 0
    assert main(["train", str(file), "--out", str(tmp_path / "two"), "--set", "workers=2"]) == 0
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), rel=1e-4)
    assert len(losses(tmp_path / "two")) == 5


@pytest.mark.skipif(HAS_RAY_TRAIN, reason="Ray Train is installed")
def test_without_ray_train_several_workers_are_a_failure_outside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = configuration(tmp_path)
    assert main(["train", str(file), "--out", str(tmp_path / "two"), "--set", "workers=2"]) == 3
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "pip install 'ray[train]" in errors[0]
