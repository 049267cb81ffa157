"""`train` from the command line: what it writes, that it resumes, and how it complains."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.__main__ import main
from pipeline.training import corpus
from pipeline.training.directory import alone
from pipeline.training.settings import TrainSettings
from pipeline.typed_yaml import read

TEXT = "\n".join(
    f"Lemma l{n} : forall x, {n} + x = x + {n}.\nProof. intros. apply add_comm_{n % 3}. Qed.\n" for n in range(40)
)
SMALL: dict[str, Any] = {
    "held_out": {"share": 0.4},
    "tokenizer": {"vocabulary": 300},
    "model": {"width": 16, "blocks": 1, "heads": 2, "bits": 4},
    "recipe": {
        "steps": 4,
        "context": 16,
        "batch": 2,
        "warm_up": 1,
        "threads": 1,
        "evaluate_every": 2,
        "evaluation_tokens": 64,
        "checkpoint_every": 2,
    },
}


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    folder = tmp_path / "text"
    folder.mkdir()
    for number in range(6):
        (folder / f"F{number}.v").write_text(TEXT.replace("l1", f"k{number}") + f"(* {number} *)\n")
    problem = {
        "name": "zero",
        "prover": "rocq",
        "header": "",
        "formal_statement": "Theorem zero : forall y, 7 + y = y + 7.",
    }
    (tmp_path / "held_out.jsonl").write_text(json.dumps(problem) + "\n")
    file = tmp_path / "c.yaml"
    tree = SMALL | {
        "corpus": [{"source": "text", "path": str(folder)}, {"source": "leandojo", "path": "none", "if_present": True}],
        "hold_out": [{"dataset": str(tmp_path / "held_out.jsonl")}],
    }
    file.write_text(yaml.safe_dump(tree))
    return file


def losses(directory: Path) -> list[tuple[int, float]]:
    lines = map(json.loads, (directory / "metrics.jsonl").read_text().splitlines())
    return [(line["step"], line["bits_per_byte"]) for line in lines if line["kind"] in ("train", "evaluation")]


def test_it_trains_stops_resumes_and_tells(
    configuration: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    assert main(["train", str(configuration), "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["stored"]) == {"float32", "bfloat16", "float16", "int8"}
    assert told["tokens"] == 4 * 2 * 16
    page = Path(told["report"]).read_text()
    assert "bits per byte" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    for folder in ("model", "model-int8"):
        assert {path.name for path in (out / folder).iterdir()} == {
            "config.json",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json",
        }
    assert "dead rows" in page
    manifest = json.loads((out / "corpus" / "manifest.json").read_text())
    assert manifest["cut"] == 6
    assert "leandojo" in manifest["sources"][1]["source"]
    for split in ("train", "held_out"):
        text = (out / "corpus" / f"{split}.jsonl").read_text()
        assert "8 + x" in text
        assert "7 + x" not in text.replace("17 + x", "").replace("27 + x", "").replace("37 + x", "")

    assert main(["train", str(configuration), "--out", str(other), "--until", "2"]) == 0
    assert "stopped after step 2 of 4" in capsys.readouterr().out
    assert main(["train", str(configuration), "--out", str(other)]) == 2
    assert "--resume" in capsys.readouterr().err
    assert main(["train", str(configuration), "--out", str(other), "--resume"]) == 0
    assert losses(other) == losses(out)
    assert (other / "model" / "model.safetensors").read_bytes() == (out / "model" / "model.safetensors").read_bytes()
    assert main(["report", str(other)]) == 0
    assert main(["train", str(configuration), "--out", str(other), "--resume", "--set", "seed=1"]) == 2
    assert "was made with `seed` 0, and 1 is asked for" in capsys.readouterr().err


def test_a_directory_in_which_nothing_began_takes_other_settings(configuration: Path, tmp_path: Path) -> None:
    command = ["train", str(configuration), "--out", str(tmp_path / "out")]
    assert main([*command, "--set", "corpus.0.path=nowhere"]) == 2
    assert main([*command, "--until", "1"]) == 0


def test_a_training_stops_after_a_step_or_more(
    configuration: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(configuration), "--out", str(tmp_path / "out"), "--until", "0"]) == 2
    assert "--until 0: must be 1 or more" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_directory_is_trained_in_by_one_process(
    configuration: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with alone(tmp_path / "out"):
        assert main(["train", str(configuration), "--out", str(tmp_path / "out")]) == 2
    assert "another process trains in" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["lock"]


def test_a_corpus_that_was_not_made_by_this_training_or_was_changed_is_refused(
    configuration: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    command = ["train", str(configuration), "--out"]
    assert main([*command, str(out), "--until", "1", "--set", "hold_out=[]"]) == 0
    shutil.copytree(out / "corpus", other / "corpus")
    assert main([*command, str(other)]) == 2
    assert "neither empty nor of a training" in capsys.readouterr().err
    (out / "corpus" / "train.bin").write_bytes(b"\0" * 400)
    assert main([*command, str(out), "--resume", "--set", "hold_out=[]"]) == 2
    assert "train.bin was changed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("model.width=30", "model: width 30 is no multiple"),
        ("recipe.warm_up=9", "recipe: warm_up 9 must be below steps 4"),
        ("workers=2", "recipe.accumulate 1 must be a multiple of workers 2"),
        ("recipe.start_temperature=.inf", "recipe.start_temperature: Input should be a finite number"),
        ("recipe.start_temperature=1e300", "recipe.start_temperature: Input should be less than or equal to 100"),
        ("model.temperature=.inf", "model.temperature: Input should be a finite number"),
        ("recipe.stepz=9", "unknown key `recipe.stepz`"),
        ("corpus.0.path=nowhere", "there is nothing at nowhere"),
        ("corpus.0.source=nothing", "there is no dataset 'nothing'"),
        ("held_out.share=0.000001", "no text is left for the split held_out"),
        ("recipe.context=100000", "lower recipe.context"),
        ("hold_out.0.dataset=none.jsonl", "there is no file none.jsonl"),
    ],
)
def test_a_mistake_is_one_line(
    configuration: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str, said: str
) -> None:
    assert main(["train", str(configuration), "--out", str(tmp_path / "out"), "--set", change]) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("[")]
    assert len(errors) == 1
    assert said in errors[0]
    assert not (tmp_path / "out" / "corpus").exists()


def test_what_is_held_out_follows_from_seed_and_name_alone(configuration: Path, tmp_path: Path) -> None:
    def held_out(seed: int, source: dict[str, Any], out: str) -> set[str]:
        settings = read(TrainSettings, configuration, (f"seed={seed}",))
        settings = settings.model_copy(update={"corpus": tuple(s.model_copy(update=source) for s in settings.corpus)})
        corpus.prepare(settings, tmp_path / out, lambda _: None)
        lines = (tmp_path / out / "corpus" / "held_out.jsonl").read_text().splitlines()
        return {json.loads(line)["name"] for line in lines}

    everything = held_out(0, {}, "a")
    assert held_out(0, {}, "b") == everything
    assert held_out(0, {"share": 0.9}, "c") <= everything
    assert held_out(3, {}, "d") != everything


@pytest.mark.parametrize("name", ["memoryformer_small"])
def test_the_configurations_that_come_along_are_read(repository: Path, name: str) -> None:
    settings = read(TrainSettings, repository / "configs" / f"{name}.yaml")
    assert settings.hold_out
