"""The quality bench: what is equal in a comparison, which runs are planned, and runs that stop and go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.memory_quality import main
from bench.memory_quality_plan import (
    COMPARISONS,
    Model,
    Options,
    Plan,
    Run,
    block_flops,
    costs,
    moved,
    parameters,
    plan,
)
from bench.memory_quality_runs import file_of, held, round_to_int8, with_rate
from bench.script import ended
from models.memoryformer.flops import memory
from models.memoryformer.settings import Settings
from models.memoryformer.storage import store_tables

CONTEXT = 256


@pytest.fixture(scope="module")
def planned() -> Plan:
    """What is planned by default."""
    return plan(Options(tokens=1_000_000))


# -------------------------------------------------------------------------------------------------------------- plan


def test_each_pair_is_equal_in_what_its_comparison_says_within_four_per_cent(planned: Plan) -> None:
    def measured(name: str, model: Model) -> int:
        if name in ("flops", "parameters"):
            return block_flops(model, CONTEXT) if name == "flops" else parameters(model)
        return moved(model, CONTEXT, "int8" if name == "int8" else "float32")

    assert [one.name for one in planned.comparisons] == list(COMPARISONS)
    for one in planned.comparisons:
        assert len(one.pairs) == (1 if one.name == "parameters" else 3)
        for pair in one.pairs:
            assert pair.memory.family == "memoryformer"
            assert measured(one.name, pair.rival) == pytest.approx(measured(one.name, pair.memory), rel=0.04), pair
            if one.name == "ngram":
                tables = costs(pair.memory, CONTEXT).table_parameters
                assert costs(pair.rival, CONTEXT).table_parameters == pytest.approx(tables, rel=0.001)
    equal = next(one for one in planned.comparisons if one.name == "parameters")
    assert costs(equal.pairs[0].memory, CONTEXT).table_parameters < 5e6


def test_every_family_tries_the_same_rates_and_a_shared_run_is_trained_once(planned: Plan) -> None:
    tried = {family: {run.rate for run in planned.trials if run.model.family == family} for family in families(planned)}
    assert tried == {family: set(Options(1).rates) for family in ("memoryformer", "dense", "ngram")}
    assert len({run.model for run in planned.trials}) == 3
    assert len(set(planned.runs)) == len(planned.runs)
    assert {run.seed for run in planned.runs} == {0, 1}
    assert sum(run.model.family == "memoryformer" for run in planned.runs) == 3 * 2 + 1  # one at equal parameters
    assert {run.steps for run in planned.runs} == {1_000_000 // 4096}
    assert {run.steps for run in planned.trials} == {250_000 // 4096}


def families(planned: Plan) -> list[str]:
    return list(dict.fromkeys(run.model.family for run in planned.runs))


def test_fewer_comparisons_need_some_of_the_same_runs(planned: Plan) -> None:
    part = plan(Options(tokens=1_000_000, only=("int8",)))
    assert set(part.runs) < set(planned.runs)
    assert set(part.trials) == {run for run in planned.trials if run.model.family != "ngram"}


def test_bytes_moved_are_those_of_the_analyser_and_of_arithmetic() -> None:
    settings = Settings(vocabulary=100, width=64, blocks=2, heads=2)
    assert moved(Model("memoryformer", settings), CONTEXT, "float32") == memory(settings).moved[CONTEXT]
    dense, w = Model("dense", settings), 64
    cached, matrices, scales, vectors = 2 * CONTEXT * w * 2, 2 * 12 * w * w + 100 * w + w, 0, 5 * w
    assert moved(dense, CONTEXT, "float32") == 4 * (cached + matrices + vectors)
    scales = 2 * (3 * w + w + 4 * w + w) + 100 + 1
    assert moved(dense, CONTEXT, "int8") == 4 * (cached + vectors) + matrices + 2 * scales
    two_rows_and_norms = 4 * (2 * w + 2 * 2 * w)
    assert (
        moved(Model("ngram", settings, 999), CONTEXT, "float32")
        == 4 * (cached + matrices + vectors) + two_rows_and_norms
    )


def test_flops_of_dense_blocks_follow_the_formula() -> None:
    settings = Settings(vocabulary=100, width=48, blocks=3, heads=2, bits=1)
    assert block_flops(Model("dense", settings), 32) == 3 * (2 * 32 * 48 + 12 * 48 * 48)


# -------------------------------------------------------------------------------------------------------------- runs


def made_up(folder: Path) -> Path:
    """Writes twelve short files and a configuration that reads them; returns the configuration."""
    texts = folder / "texts"
    texts.mkdir()
    for file in range(12):
        lines = [f"Lemma l{file}_{n} : {n} + {file} = {file} + {n}. Proof. auto. Qed." for n in range(12)]
        (texts / f"{file}.v").write_text("\n".join(lines))
    configuration = folder / "tiny.yaml"
    configuration.write_text(f"corpus: [{{source: text, path: {texts}}}]\nheld_out: {{share: 0.3}}\n")
    return configuration


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """Arguments for six short trainings on twelve short files."""
    sizes = "--widths 32 --blocks 1 --vocabulary 270 --context 16 --batch 2 --tokens 256"
    asked = f"--only flops ngram --seeds 0 --rates 0.01 {sizes}"
    return [*asked.split(), "--config", str(made_up(tmp_path)), "--out", str(tmp_path / "out")]


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(part) for key, part in value.items() if "cpu" not in key and key != "machine"}
    return [without_times(part) for part in value] if isinstance(value, list) else value


def test_runs_are_trained_once_and_one_that_is_missing_again_with_the_same_losses(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, figure = (str(tmp_path / name) for name in ("first.json", "second.json", "figure.svg"))
    main([*command, "--json", first, "--figure", figure])
    told = json.loads(Path(first).read_text())
    assert [run["kind"] for run in told["runs"]] == ["trial"] * 3 + ["run"] * 3
    assert [row["equal"] for row in told["rows"]] == ["flops", "ngram"]
    losses = {run["name"]: run["bits_per_byte"]["float32"] for run in told["runs"] if run["kind"] == "run"}
    for row in told["rows"]:
        assert row["differences"] == [round(losses[row["memory"]] - losses[row["rival"]], 5)]
    for run in told["runs"]:
        assert run["curve"][-1]["bits_per_byte"] < run["curve"][0]["bits_per_byte"]
        assert run["curve"][-1]["tokens"] == run["tokens"] == run["steps"] * 32
        assert run["cpu_seconds"] > 0
    assert Path(figure).read_text().count("memoryformer") >= 1
    assert list((tmp_path / "out" / "work").iterdir()) == []

    files = sorted((tmp_path / "out" / "runs").iterdir())
    missing = next(file for file in files if "ngram" in file.name and "steps8" in file.name)
    missing.unlink()
    times = {file: file.stat().st_mtime_ns for file in files if file != missing}
    capsys.readouterr()
    main([*command, "--json", second])
    assert {file: file.stat().st_mtime_ns for file in times} == times
    assert capsys.readouterr().out.count("bits per byte, ") == 1
    assert without_times(json.loads(Path(second).read_text())) == without_times(told)

    assert ended(lambda: main([*command, "--batch", "4"])) == 2
    assert "was made with `recipe.batch` 2, and 4 is asked for" in capsys.readouterr().err


def test_a_run_that_another_process_trains_is_left_to_it(tmp_path: Path) -> None:
    with held(tmp_path / "lock") as mine, held(tmp_path / "lock") as other:
        assert (mine, other) == (True, False)
    with held(tmp_path / "lock") as mine:
        assert mine


def test_the_best_rate_is_known_when_all_trials_are_and_none_that_diverged(tmp_path: Path) -> None:
    model = Model("dense", Settings(vocabulary=9, width=16, blocks=1, heads=1))
    trials = [Run(model, 0, rate, 2) for rate in (0.1, 0.2, 0.3)]
    run = Run(model, 1, None, 9)
    planned = Plan([], trials, [run])
    (tmp_path / "runs").mkdir()
    for trial, loss in zip(trials, ({"float32": 2.5}, {"float32": 2.0}, {}), strict=True):
        assert with_rate(run, planned, tmp_path) is None
        told = {"learning_rate": trial.rate, "bits_per_byte": loss}
        file_of(trial, tmp_path).write_text(json.dumps(told))
    assert with_rate(run, planned, tmp_path) == Run(model, 1, 0.2, 9)


def test_rounding_gives_a_memory_model_the_tables_that_it_would_be_stored_with() -> None:
    torch.manual_seed(0)
    settings = Settings(vocabulary=20, width=32, blocks=1, heads=1)
    model, stored = (Model("memoryformer", settings).build() for _ in range(2))
    stored.load_state_dict(model.state_dict())
    store_tables(stored, "int8")
    before = model.get_parameter("head.weight").detach().clone()
    round_to_int8(model)
    name = "blocks.0.expand.memory"
    integers, scales = (stored.get_buffer(f"{name}.{part}") for part in ("tables", "scales"))
    assert torch.equal(model.get_parameter(f"{name}.tables"), integers * scales[:, None].float())
    after = model.get_parameter("head.weight").detach()
    assert not torch.equal(after, before)
    torch.testing.assert_close(after, before, rtol=0, atol=before.abs().max().item() / 250)


def test_without_a_directory_the_error_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(lambda: main(["--only", "flops", "--widths", "32"])) == 2
    assert capsys.readouterr().err.startswith("error: --out is missing")
