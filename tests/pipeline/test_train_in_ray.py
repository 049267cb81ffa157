"""Two workers of Ray Train tell the losses of one process."""

import json
from pathlib import Path

import pytest
import yaml

from pipeline.__main__ import main


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


@pytest.mark.usefixtures("one_ray")
def test_two_workers_tell_the_losses_of_one(tmp_path: Path) -> None:
    file = configuration(tmp_path)
    assert main(["train", str(file), "--out", str(tmp_path / "one")]) == 0
    assert main(["train", str(file), "--out", str(tmp_path / "two"), "--set", "workers=2"]) == 0
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), rel=1e-4)
    assert len(losses(tmp_path / "two")) == 5
