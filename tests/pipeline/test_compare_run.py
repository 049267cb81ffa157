"""`compare` on real Ray and a real prover: two arms from one command, what they may see, and what is written down."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import yaml

from bench.cold import seconds_by_problem
from domain import UserError
from library_store.snapshot import read
from library_store.tables import Tables

CONFIGURATION = {
    "rounds": 2,
    "cpu_seconds": 120,
    "problems": [
        {"dataset": "bundled", "names": ["add_next_slides", "double_by_add", "at_most_sum", "minus_cancels_second"]}
    ],
    "model": {"kind": "none"},
    "verifiers": {"processes": 1},
    "prove": {"workers": 1},
    "evolve": {"request_steps": 3, "scripts": 6},
}


def lemmary(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline", *arguments]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False, timeout=850)


@pytest.fixture(scope="module")
def compared(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a finished comparison."""
    folder = tmp_path_factory.mktemp("compare")
    configuration = folder / "configuration.yaml"
    configuration.write_text(yaml.safe_dump(CONFIGURATION))
    out = folder / "out"
    done = lemmary(repository, "compare", str(configuration), "--arms", "shared,isolated", "--out", str(out))
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
    assert len(rows) == 2 * 4
    for run in told["runs"]:
        snapshot = tables(compared, run["arm"])
        proved = {name for name, state in snapshot.problems.items() if state.status == "proved"}
        assert set(run["solved_at"]) | set(run["late"]) == proved
        assert rows.filter(pl.col("arm") == run["arm"])["solved"].sum() == run["solved"]
        assert 0 < run["before_first_step"] < run["charged"] <= run["cpu_seconds_whole"] + 1
        assert all(run["before_first_step"] < at <= run["charged"] for at in run["solved_at"].values())
        assert run["funnel"]["retrieved"] >= run["funnel"]["used"]
    assert "<svg" in (compared / "index.html").read_text()


def test_a_finished_comparison_is_read_and_not_run_again(compared: Path, repository: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in compared.rglob("*.log")}
    configuration = str(compared.parent / "configuration.yaml")
    again = lemmary(repository, "compare", configuration, "--arms", "shared,isolated", "--out", str(compared), "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["primary"] == "shared − isolated"
    assert before == {file: file.stat().st_mtime_ns for file in compared.rglob("*.log")}
    other = lemmary(repository, "compare", configuration, "--cpu-seconds", "77", "--out", str(compared))
    assert other.returncode == 2
    assert "has other settings" in other.stderr


def test_two_runs_are_compared_from_their_snapshots(compared: Path, repository: Path) -> None:
    first, second = (compared / arm / "seed=0" for arm in ("shared", "isolated"))
    told = json.loads(lemmary(repository, "compare", str(first), str(second), "--json").stdout)
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
def test_mistakes_are_one_line(repository: Path, arguments: list[str], said: str) -> None:
    done = lemmary(repository, "compare", "configs/quickstart.yaml", *arguments)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
