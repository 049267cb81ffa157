"""The main job on real Ray and a real prover: what a run leaves behind, and that it survives its driver's death."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.fault_kinds import acknowledged
from datasets import load
from domain import Verdict
from library_store.admission import Proposal
from library_store.library import Library
from library_store.schema import SPENT
from library_store.snapshot import read
from library_store.tables import MANIFEST
from pipeline.__main__ import main
from pipeline.loop import budget, dispatch

CONFIGURATION = {
    "seed": 0,
    "rounds": 2,
    "problems": [
        {"dataset": "bundled", "split": "step1", "limit": 3},
        {"dataset": "bundled", "split": "step2", "limit": 2},
    ],
    "model": {"kind": "none"},
    "evolve": {"request_steps": 6},
}


ONE_ALONE: dict[str, Any] = {
    "problems": [{"dataset": "bundled", "names": ["add_zero"]}],
    "evolve": {"enabled": False},
    "verifiers": {"processes": 1},
    "prove": {"workers": 1},
}


ONE_OF_EACH = {"verifiers": {"processes": 1}, "prove": {"workers": 1}}
"""Fewer actors, for runs that do not show what happens side by side."""


def lemmary(repository: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline", *arguments],
        cwd=repository,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finished(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=400)
    assert process.returncode == 0, err
    return out


def write(folder: Path, tree: dict[str, Any]) -> Path:
    file = folder / "configuration.yaml"
    file.write_text(yaml.safe_dump(tree))
    return file


def charged_since_a_snapshot(run: Path) -> bool:
    """Whether the run was charged for a step of the round that it is in."""
    from library_store import journal

    over = len(list((run / "rounds").glob(f"round=*/{MANIFEST}")))
    segment = journal.segments(run / "journal").get(over + 1)
    records = journal.read(segment).records if segment else []
    return any(name == "events" and row["kind"] == SPENT and row["attempt_id"] for name, row in records)


@pytest.fixture(scope="module")
def killed_and_resumed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[str], str]:
    """A run whose driver was killed within a round, once it had lemmas, then given the same command again."""
    folder = tmp_path_factory.mktemp("run")
    configuration, run = write(folder, CONFIGURATION), folder / "run"
    command = ("run", str(configuration), "--out", str(run))
    driver = lemmary(repository, *command)
    deadline = time.monotonic() + 300
    while driver.poll() is None and time.monotonic() < deadline:
        if (run / "journal").is_dir():
            driver.send_signal(signal.SIGSTOP)
            if acknowledged(run) and charged_since_a_snapshot(run):
                break
            driver.send_signal(signal.SIGCONT)
        time.sleep(0.1)
    if driver.poll() is not None:
        pytest.fail(f"the run ended before it could be killed: {driver.communicate()[1][-2000:]}")
    os.kill(driver.pid, signal.SIGKILL)
    driver.communicate(timeout=60)
    before = acknowledged(run)
    assert before
    return run, before, finished(lemmary(repository, *command))


def test_a_killed_run_resumes_and_loses_no_acknowledged_lemma(
    killed_and_resumed: tuple[Path, set[str], str],
) -> None:
    run, before, _ = killed_and_resumed
    tables = read(run)
    assert tables.round == CONFIGURATION["rounds"]
    assert before <= set(tables.lemmas)


def test_a_resumed_run_tells_what_its_stopped_session_was_charged_for(
    killed_and_resumed: tuple[Path, set[str], str],
) -> None:
    tables = read(killed_and_resumed[0])
    parts = {row["part"]: row["value"] for row in tables.rows("metrics") if row["name"] == "cpu_seconds"}
    assert parts["stopped sessions"] > 0
    charged = [json.loads(row["detail"])["cpu_seconds"] for row in tables.rows("events") if row["kind"] == SPENT]
    assert tables.manifests[-1].counts["cpu_seconds"] >= charged[-1]


def test_searches_without_what_proofs_need_tell_what_decides(
    repository: Path, killed_and_resumed: tuple[Path, set[str], str], tmp_path: Path
) -> None:
    run = killed_and_resumed[0]
    bench = [sys.executable, "bench/necessity.py", str(run), "--cpu-seconds", "4", "--json", str(tmp_path / "n.json")]
    subprocess.run(bench, cwd=repository, check=True, capture_output=True, timeout=300)
    told = json.loads((tmp_path / "n.json").read_text())
    tables = read(run)
    needing = {name: state.uses for name, state in tables.problems.items() if state.status == "proved" and state.uses}
    assert {row["problem"]: len(row["without"]) for row in told["rows"]} == {n: len(u) for n, u in needing.items()}
    assert needing
    assert told["headline"]["found_with_all"] == len(needing)
    for row in told["rows"]:
        names = {lemma.statement for lemma in tables.lemmas.values()}
        assert all(set(pair["with"]) <= names - {pair["statement"]} for pair in row["without"])
        if not row["without_any"]["found"]:
            assert row["with_all"]["with"]
    decided = {row["problem"] for row in told["rows"] if any(pair["outcome"] == "lost" for pair in row["without"])}
    assert decided == set(told["headline"]["problems_that_a_lemma_decides"])
    assert decided


def test_a_run_directory_is_as_documented(killed_and_resumed: tuple[Path, set[str], str]) -> None:
    run, _, printed = killed_and_resumed
    manifest = json.loads((run / "rounds" / "round=0002" / "manifest.json").read_text())
    assert manifest["counts"]["problems"] == 5
    assert manifest["counts"]["solved"] >= 4
    assert f"{manifest['counts']['solved']} of 5 problems solved" in printed
    assert (run / "config.yaml").is_file()
    assert (run / "logs" / "run.log").is_file()
    assert "<html" in (run / "report" / "index.html").read_text()[:200]


def test_every_proof_file_is_accepted_by_the_bare_prover(
    killed_and_resumed: tuple[Path, set[str], str], tmp_path: Path
) -> None:
    run, _, _ = killed_and_resumed
    files = sorted((run / "proofs").glob("*.v"))
    assert len(files) == read(run).manifests[-1].counts["solved"]
    for file in files:
        copy = tmp_path / file.name
        copy.write_text(file.read_text())
        compiled = subprocess.run(["coqc", "-q", copy.name], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert compiled.returncode == 0, f"{file.name}: {compiled.stderr}"


def test_a_used_lemma_was_learned_by_then_and_is_needed(killed_and_resumed: tuple[Path, set[str], str]) -> None:
    run, _, _ = killed_and_resumed
    tables = read(run)
    for row in tables.rows("problems"):
        for used in row["uses"]:
            assert tables.lemmas[used].round <= row["round"]
            assert tables.lemmas[used].canonical_name in row["proof"]


def test_other_settings_on_the_same_directory_are_refused(
    killed_and_resumed: tuple[Path, set[str], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, _, _ = killed_and_resumed
    assert main(["run", str(write(tmp_path, CONFIGURATION | {"seed": 1})), "--out", str(run)]) == 2
    assert re.fullmatch(r"error: .*another `seed`.*\n", capsys.readouterr().err)


def test_a_finished_run_says_so_and_how_to_go_on(
    killed_and_resumed: tuple[Path, set[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    run, _, printed = killed_and_resumed
    before = {file: file.read_bytes() for file in (run / "rounds").rglob("*") if file.is_file()}
    assert main(["run", str(run.parent / "configuration.yaml"), "--out", str(run)]) == 0
    out, err = capsys.readouterr()
    assert out == printed
    assert "was finished already, its 2 rounds are written: a larger --rounds goes on with it" in err
    assert {file: file.read_bytes() for file in (run / "rounds").rglob("*") if file.is_file()} == before


@pytest.mark.usefixtures("one_ray")
def test_a_small_budget_is_told_what_it_leaves_out_and_is_not_charged_for_what_was_before(tmp_path: Path) -> None:
    configuration = write(tmp_path, CONFIGURATION | ONE_OF_EACH | {"cpu_seconds": 1})
    began = time.monotonic()
    assert main(["run", str(configuration), "--out", str(tmp_path / "run")]) == 0
    no_core_does_more = (os.cpu_count() or 1) * (time.monotonic() - began)
    assert 1 <= read(tmp_path / "run").manifests[-1].counts["cpu_seconds"] <= no_core_does_more
    said = (tmp_path / "run" / "logs" / "run.log").read_text()
    assert said.count("round 1: evolution ends") == 1
    assert "of 1 CPU seconds are spent\n" in said
    assert not (tmp_path / "run" / "rounds" / "round=2").exists()


@pytest.mark.acceptance
def test_of_two_runs_in_one_new_directory_one_goes_on_and_its_settings_stand(repository: Path, tmp_path: Path) -> None:
    tree = {"rounds": 1, "problems": [{"dataset": "bundled", "names": ["add_zero"]}], "model": {"kind": "none"}}
    run, drivers = tmp_path / "run", dict[int, subprocess.Popen[str]]()
    for seed in (1, 2):
        (tmp_path / str(seed)).mkdir()
        configuration = write(tmp_path / str(seed), tree | {"seed": seed})
        drivers[seed] = lemmary(repository, "run", str(configuration), "--out", str(run))
    told = {seed: driver.communicate(timeout=120)[1] for seed, driver in drivers.items()}
    codes = {seed: driver.returncode for seed, driver in drivers.items()}
    assert sorted(codes.values()) == [0, 2], told
    winner, loser = sorted(codes, key=lambda seed: codes[seed])
    assert "another" in told[loser].splitlines()[-1]
    assert yaml.safe_load((run / "config.yaml").read_text())["seed"] == winner == read(run).manifests[-1].seed


def test_show_tells_of_problems_lemmas_and_attempts(
    killed_and_resumed: tuple[Path, set[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    run, _, _ = killed_and_resumed
    tables = read(run)
    lemma = next(iter(tables.lemmas.values()))
    for name in (lemma.name, tables.rows("attempts")[0]["id"], tables.rows("problems")[0]["name"]):
        assert main(["show", str(run), name]) == 0
        assert name in capsys.readouterr().out
    assert main(["show", str(run), "nothing"]) == 2


@pytest.mark.usefixtures("one_ray")
def test_a_problem_that_says_something_else_now_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was found of one statement would be told of the other."""
    file, run = tmp_path / "p.jsonl", tmp_path / "run"
    problem = {"name": "u", "prover": "rocq", "header": "", "formal_statement": "Theorem u : forall n, n * n = n."}
    file.write_text(json.dumps(problem) + "\n")
    tree = {"rounds": 1, "problems": [{"dataset": str(file)}], "model": {"kind": "none"}, "evolve": {"enabled": False}}
    tree |= ONE_OF_EACH | {"prove": {"workers": 1, "cpu_seconds": 1}}
    command = ["run", str(write(tmp_path, tree)), "--out", str(run)]
    assert main(command) == 0
    before = read(run).problems["u"]
    file.write_text(json.dumps(problem | {"formal_statement": "Theorem u : forall n, n + 0 = n."}) + "\n")
    for more in ([], ["--rounds", "2"]):
        capsys.readouterr()
        assert main([*command, *more]) == 2
        assert "u is another problem now" in capsys.readouterr().err.splitlines()[-1]
    file.write_text(json.dumps(problem) + "\n")
    assert main([*command, "--rounds", "2"]) == 0
    assert read(run).problems["u"].problem == before.problem


@pytest.mark.usefixtures("one_ray")
def test_prove_writes_results_and_uses_another_runs_library(
    killed_and_resumed: tuple[Path, set[str], str], tmp_path: Path
) -> None:
    run, _, _ = killed_and_resumed
    known = read(run)
    forged = replace(list(known.lemmas.values())[-1], proof="idtac.")
    with Library(tmp_path / "library") as other:
        other.add_definitions(known.definitions.values())
        claims = [forged if lemma.id == forged.id else lemma for lemma in known.lemmas.values()]
        other.insert_many([Proposal(lemma, Verdict("accepted", "proved", "rechecked")) for lemma in claims])
        other.snapshot()
    problems = load("bundled", split="step1").problems[:3]
    command = ["prove", "bundled:step1", "--names", ",".join(problem.name for problem in problems)]
    command += ["--library", str(tmp_path / "library"), "--out", str(tmp_path / "out")]
    assert main([*command, "--set", "verifiers.processes=1", "--set", "prove.workers=1"]) == 0
    results = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    assert {result["name"] for result in results} == {problem.name for problem in problems}
    assert all(result["status"] == "proved" and result["proof"] for result in results)
    taken = read(tmp_path / "out").lemmas
    assert taken
    assert taken.keys() <= known.lemmas.keys() - {forged.id}


@pytest.mark.usefixtures("one_ray")
def test_a_step_that_fails_by_our_error_is_told_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = dispatch.attempt

    def fails_once(*arguments: Any) -> Any:
        if arguments[2].target == "add_zero" and arguments[4] == 1:
            raise TypeError("a mistake of ours")
        return real(*arguments)

    monkeypatch.setattr(dispatch, "attempt", fails_once)
    tree = CONFIGURATION | ONE_ALONE
    assert main(["run", str(write(tmp_path, tree)), "--out", str(tmp_path / "run")]) == 0
    printed = capsys.readouterr()
    assert "a mistake of ours" in printed.err
    assert "1 step failed by an error of Lemmary's own" in printed.out
    assert "in fails_once" in (tmp_path / "run" / "logs" / "run.log").read_text()
    by_name = {row["name"]: row for row in read(tmp_path / "run").rows("problems")}
    assert by_name["add_zero"]["status"] == "proved"
    assert by_name["add_zero"]["round"] == 2


@pytest.mark.usefixtures("one_ray")
def test_a_worker_that_computes_without_end_is_ended_and_its_step_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real, hung = dispatch.attempt, tmp_path / "hung"

    def hangs_once(*arguments: Any) -> Any:
        if not hung.exists():
            hung.touch()
            while True:
                pass
        return real(*arguments)

    monkeypatch.setattr(dispatch, "attempt", hangs_once)
    monkeypatch.setattr(budget, "most_of_worker", lambda _: 3.0)
    assert main(["run", str(write(tmp_path, CONFIGURATION | ONE_ALONE)), "--out", str(tmp_path / "run")]) == 0
    assert "lost an actor, and is done again" in capsys.readouterr().err
    assert [row["status"] for row in read(tmp_path / "run").rows("problems")] == ["proved"]
