"""Two processes that train together, workers of Ray Train among them, tell the losses of one."""

import json
import shutil
import subprocess
import sys
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


ONE_OF_TWO = """
import sys
from pathlib import Path
from torch import distributed
from models.training.session import Job, train
from models.training.together import Together
from pipeline import typed_yaml
from pipeline.training.settings import TrainSettings

settings = typed_yaml.read(TrainSettings, Path(sys.argv[1]), ())
directory, rank = Path(sys.argv[2]), int(sys.argv[3])
distributed.init_process_group("gloo", init_method=f"file://{directory}/group", rank=rank, world_size=2)
train(Job(directory, settings.model, settings.recipe, settings.seed), workers=Together())
distributed.destroy_process_group()
"""
"""What a worker of Ray Train does, once that has set up its process group."""


def test_two_processes_tell_the_losses_of_one(repository: Path, tmp_path: Path) -> None:
    file, one, two = configuration(tmp_path), tmp_path / "one", tmp_path / "two"
    assert main(["train", str(file), "--out", str(one)]) == 0
    shutil.copytree(one / "corpus", two / "corpus")
    both = [
        subprocess.Popen(
            [sys.executable, "-c", ONE_OF_TWO, str(file), str(two), str(rank)],
            cwd=repository, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        for rank in (0, 1)
    ]  # fmt: skip
    for process in both:
        _, said = process.communicate(timeout=600)
        assert process.returncode == 0, said
    assert losses(two) == pytest.approx(losses(one), rel=1e-4)
    assert len(losses(two)) == 5


@pytest.mark.acceptance
def test_two_workers_of_ray_tell_the_losses_of_one(tmp_path: Path) -> None:
    file = configuration(tmp_path)
    assert main(["train", str(file), "--out", str(tmp_path / "one")]) == 0
    assert main(["train", str(file), "--out", str(tmp_path / "two"), "--set", "workers=2"]) == 0
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), rel=1e-4)
    assert len(losses(tmp_path / "two")) == 5
