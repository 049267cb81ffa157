"""`compare` on real Ray and a real prover: two arms from one command, what they may see, and what is written down."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from bench.cold import seconds_by_problem
from datasets import load
from datasets.jsonl import write_problems
from domain import Problem, UserError
from library_store.snapshot import read
from library_store.tables import Tables
from pipeline.__main__ import main

CONFIGURATION: dict[str, Any] = {
    "rounds": 2,
    "cpu_seconds": 120,
    "problems": [{"dataset": "bundled", "names": ["add_swaps", "double_by_add"]}],
    "model": {"kind": "none"},
    "verifiers": {"processes": 1},
    "prove": {"workers": 1},
    "evolve": {"request_steps": 3, "scripts": 6},
}


def needs_the_same() -> Problem:
    """A problem that needs the same lemma as `double_by_add`: a successor comes out of the second summand."""
    (double_by_add,) = [one for one in load("bundled").problems if one.name == "double_by_add"]
    statement = "Theorem double_next : forall n : num, next (double n) = add n (next n)."
    return replace(double_by_add, name="double_next", formal_statement=statement)


@pytest.fixture(scope="module")
def compared(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a finished comparison."""
    folder = tmp_path_factory.mktemp("compare")
    configuration, own = folder / "configuration.yaml", folder / "own.jsonl"
    write_problems([needs_the_same()], own)
    problems = [*CONFIGURATION["problems"], {"dataset": str(own)}]
    configuration.write_text(yaml.safe_dump(CONFIGURATION | {"problems": problems}))
    out = folder / "out"
    command = [sys.executable, "-m", "pipeline", "compare", str(configuration), "--arms", "shared,isolated"]
    done = subprocess.run([*command, "--out", str(out)], cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "shared − isolated: " in done.stdout
    assert "no interval over runs can be given" in done.stdout
    return out


def tables(compared: Path, arm: str) -> Tables:
    return read(compared / arm / "seed=0")


def test_in_isolation_no_step_sees_a_lemma_of_another_problem(compared: Path) -> None:
    isolated = tables(compared, "isolated")
    seen = 0
    for attempt in isolated.rows("attempts"):
        if attempt["kind"] == "problem":
            for lemma in attempt["retrieved"]:
                seen += 1
                assert isolated.lemmas[lemma].origins == (attempt["target"],)
    assert seen
    for lemma in isolated.lemmas.values():
        assert len(lemma.origins) == 1
        for used in lemma.uses:
            assert isolated.lemmas[used].origins == lemma.origins


def test_in_isolation_every_step_is_at_the_cost_of_one_problem(compared: Path) -> None:
    isolated = tables(compared, "isolated")
    steps = isolated.rows("attempts")
    proved = {row["name"]: row["round"] for row in isolated.rows("problems") if row["status"] == "proved"}
    spent = seconds_by_problem(isolated)
    assert set(spent) == {row["name"] for row in isolated.rows("problems")}
    own = {name: sum(row["cpu_seconds"] for row in steps if row["target"] == name) for name in spent}
    assert all(spent[name] >= own[name] - 0.1 for name in proved)
    assert sum(spent.values()) > sum(own.values()), "explorations are paid for"
    assert sum(spent.values()) <= sum(row["cpu_seconds"] for row in steps) + 1
    with pytest.raises(UserError, match="serves several problems"):
        seconds_by_problem(tables(compared, "shared"))


def test_in_isolation_each_problem_finds_and_pays_for_its_own(compared: Path) -> None:
    shared, isolated = (tables(compared, arm) for arm in ("shared", "isolated"))
    twice = {one.statement_exact for one in isolated.lemmas.values()}
    assert len(twice) < len(isolated.lemmas), "no statement was found for two problems"
    assert len({one.statement_exact for one in shared.lemmas.values()}) == len(shared.lemmas)
    audits = {
        arm: sum(dict(row["counts"]).get("audited", 0) for row in one.rows("attempts"))
        for arm, one in (("shared", shared), ("isolated", isolated))
    }
    assert audits["isolated"] >= len(isolated.lemmas)


def test_sharing_shows_a_problem_what_another_one_made(compared: Path) -> None:
    shared = tables(compared, "shared")
    abroad = [
        lemma
        for attempt in shared.rows("attempts")
        if attempt["kind"] == "problem"
        for lemma in attempt["retrieved"]
        if attempt["target"] not in shared.lemmas[lemma].origins
    ]
    assert abroad


def test_what_is_written_agrees_with_the_snapshots(compared: Path) -> None:
    told = json.loads((compared / "comparison.json").read_text())
    rows = pl.read_parquet(compared / "comparison.parquet")
    assert len(rows) == 2 * 3
    for run in told["runs"]:
        snapshot = tables(compared, run["arm"])
        proved = {name for name, state in snapshot.problems.items() if state.status == "proved"}
        assert set(run["solved_at"]) | set(run["late"]) == proved
        assert rows.filter(pl.col("arm") == run["arm"])["solved"].sum() == run["solved"]
        assert 0 < run["before_first_step"] < run["charged"] <= run["cpu_seconds_whole"] + 1
        assert all(run["before_first_step"] < at <= run["charged"] for at in run["solved_at"].values())
        assert run["funnel"]["retrieved"] >= run["funnel"]["used"]
    assert "<svg" in (compared / "index.html").read_text()


def test_a_finished_comparison_is_read_and_not_run_again(compared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {file: file.stat().st_mtime_ns for file in compared.rglob("*.log")}
    configuration = str(compared.parent / "configuration.yaml")
    assert main(["compare", configuration, "--arms", "shared,isolated", "--out", str(compared), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["primary"] == "shared − isolated"
    assert before == {file: file.stat().st_mtime_ns for file in compared.rglob("*.log")}
    assert main(["compare", configuration, "--cpu-seconds", "77", "--out", str(compared)]) == 2
    assert "has other settings" in capsys.readouterr().err


def test_two_runs_are_compared_from_their_snapshots(compared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (compared / arm / "seed=0" for arm in ("shared", "isolated"))
    assert main(["compare", str(first), str(second), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    proved = [{n for n, s in read(run).problems.items() if s.status == "proved"} for run in (first, second)]
    assert told["solved"] == [len(names) for names in proved]
    assert set(told["gained"]) == proved[1] - proved[0]
    assert set(told["lost"]) == proved[0] - proved[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--arms", "shared,isolatd", "--out", "x"], "did you mean isolated"),
        (["--arms", ",", "--out", "x"], "names no arm"),
        (["--seeds", "0,one", "--out", "x"], "expected numbers"),
        ([], "--out is missing"),
    ],
)
def test_mistakes_are_one_line(
    repository: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(repository / "configs" / "quickstart.yaml"), *arguments]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert said in told
