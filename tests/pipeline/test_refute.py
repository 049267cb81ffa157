"""False problems are refuted: by a counterexample, and by a proof of the negation that the real prover audits."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from datasets import load
from domain import Elaboration, Problem, Prover
from library_store.library import Library
from library_store.schema import ProblemState
from library_store.snapshot import read
from pipeline.loop.attempt_log import OUT_OF_TIME, AttemptLog
from pipeline.loop.proof_files import proof_name, write_proofs
from pipeline.loop.refute import refute
from pipeline.proposers.conjecture import testing
from pipeline.report.page import write_report
from pipeline.report.results import write_results
from pipeline.report.summary import result, summarise
from tests.pipeline import sample_run
from tests.pipeline.contexts import context_of
from tests.pipeline.small_theory import HEADER
from verifiers.rocq import refutation
from verifiers.rocq.verifier import RocqVerifier

FALSE = {
    "values": "forall x y : num, sum x y = x",
    "type_variable": "forall (A : Type) (x y : seq A), join A x y = join A y x",
    "function": "forall (A : Type) (f : A -> A) (x : A), f (f x) = f x",
    "two_arguments": "forall (A : Type) (f : A -> A -> A) (x y : A), f x y = f y x",
    "function_of_data": "forall (f : num -> bool) (x : num), f (next x) = f x",
    "hypotheses": "forall x y z : num, x = y -> even x = false -> sum x z <> next zero -> same (sum y z) x = true",
    "decided": "forall (A : Type) (e : A -> A -> bool),"
    " (forall x y, e x y = true <-> x = y) -> forall x y, e x y = true",
    "an_existential": "forall (A : Type) (x y : A), exists z : A, z = x /\\ z = y",
    "connectives": "forall x : num, (x = zero \\/ even x = false) /\\ ~ (x = next zero)",
    "integers": "forall x y : Z, Z.sub x y = Z.sub y x",
}
"""Statements over the definitions of `small_theory` in their own names."""


class Told:
    """What `refute` tells the library."""

    def __init__(self) -> None:
        self.problems: dict[str, Any] = {}

    def set_problem(self, name: str, status: str, **rest: Any) -> None:
        self.problems[name] = SimpleNamespace(status=status, **rest)


@pytest.fixture(scope="module")
def verifier() -> Iterator[RocqVerifier]:
    verifier = RocqVerifier()
    yield verifier
    verifier.close()


def problem(name: str, statement: str) -> Problem:
    imports = "From Coq Require Import ZArith.\n" if name == "integers" else ""
    return Problem(name, "rocq", imports + HEADER, f"Theorem {name} : {statement}.")


def attempt(verifier: RocqVerifier, posed: Problem) -> tuple[bool, Told]:
    library = Told()
    elaboration = verifier.elaborate([posed])[0]
    assert isinstance(elaboration, Elaboration), elaboration
    context = context_of([elaboration], verifier=verifier, library=library)
    found = refute(context, AttemptLog("a", "problem", posed.name), elaboration)
    return found, library


@pytest.mark.parametrize("name", FALSE)
def test_a_false_statement_is_refuted_by_a_proof_that_the_bare_prover_accepts(
    name: str, verifier: RocqVerifier, tmp_path: Path
) -> None:
    posed = problem(name, FALSE[name])
    found, library = attempt(verifier, posed)
    assert found
    state = library.problems[name]
    assert state.status == "refuted"
    assert state.reason.startswith("counterexample: ")
    assert refutation.RocqRefuter().negation(posed).formal_statement in state.proof
    (tmp_path / "refuted.v").write_text(f"{posed.header}\n{state.proof}\nPrint Assumptions {name}_refuted.\n")
    compiled = subprocess.run(["coqc", "-q", "refuted.v"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (compiled.returncode, compiled.stdout.strip()) == (0, "Closed under the global context")


@pytest.mark.parametrize(
    "statement",
    [
        "forall x y : num, sum x y = sum y x",
        "forall x : num, exists y : num, next y = x",  # false, but no finite search can say so
    ],
)
def test_what_no_counterexample_was_found_for_is_not_refuted(statement: str, verifier: RocqVerifier) -> None:
    assert attempt(verifier, problem("kept", statement))[0] is False


def test_a_wrong_counterexample_refutes_nothing(verifier: RocqVerifier, monkeypatch: pytest.MonkeyPatch) -> None:
    good = testing.Tester.test

    def lie(self: testing.Tester, *arguments: Any) -> Any:
        report = good(self, *arguments)
        assert report.counterexample is not None
        ground = dict.fromkeys(report.counterexample.ground, (0,))
        return report._replace(counterexample=type(report.counterexample)(report.counterexample.values, True, ground))

    posed = problem("values", FALSE["values"])
    monkeypatch.setattr(testing.Tester, "test", lie)
    found, library = attempt(verifier, posed)
    assert (found, library.problems) == (False, {})


def test_a_text_that_is_not_the_negation_is_not_audited(
    verifier: RocqVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = problem("values", "zero = next zero -> Coq.Init.Logic.False")
    monkeypatch.setattr(refutation.RocqRefuter, "negation", lambda *_: other)
    monkeypatch.setattr(refutation, "script", lambda *_: "discriminate.")
    found, library = attempt(verifier, problem("values", FALSE["values"]))
    assert (found, library.problems) == (False, {})


@pytest.mark.parametrize("suite", ["tip:isaplanner", "tip:prod"])
def test_no_theorem_of_tip_has_a_counterexample(suite: str, shared_data: Path, verifier: RocqVerifier) -> None:
    chosen = load(suite, path=shared_data / "tip").problems[::12]
    for answer in verifier.elaborate(chosen):
        assert isinstance(answer, Elaboration)
        report = testing.Tester(answer.definitions).test(answer.statement, alike=testing.ALIKE_TRIALS)
        assert report.counterexample is None, answer.problem.name


@pytest.mark.acceptance
def test_every_false_problem_of_tip_is_refuted_and_no_budget_is_spent(
    shared_data: Path, repository: Path, tmp_path: Path
) -> None:
    command = ["prove", "tip:false", "--path", str(shared_data / "tip"), "--out", str(tmp_path / "out")]
    subprocess.run([sys.executable, "-m", "pipeline", *command], cwd=repository, check=True, capture_output=True)
    rows = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    assert {row["status"] for row in rows} == {"refuted", "error"}
    assert all(row["proof"] and row["counterexample"] for row in rows if row["status"] == "refuted")
    assert len(list((tmp_path / "out" / "proofs").glob("*_refuted.v"))) == sum(r["status"] == "refuted" for r in rows)


def test_every_problem_has_a_proof_file_of_its_own() -> None:
    names = ["a.b", "a_b", "p", "p_refuted", "x" * 300, "x" * 299, "é" * 200, "9", "-", "", "p_9", "_a"]
    suffixes: dict[Prover, str] = {"rocq": ".v", "lean4": ".lean", "isabelle": ".thy"}
    for prover, suffix in suffixes.items():
        files = [proof_name(name, prover, status) for name in names for status in ("proved", "refuted")]
        assert len(set(files)) == len(files)
        stems = [file.removesuffix(suffix) for file in files]
        assert all(len(stem.encode()) < 245 and stem.isidentifier() for stem in stems)
        assert prover != "isabelle" or all(stem.isascii() and stem[0] != "_" for stem in stems)
        assert proof_name("a_b", prover, "proved") == f"a_b{suffix}"


def test_results_say_why_a_problem_is_open(tmp_path: Path) -> None:
    run = sample_run.build(tmp_path / "run", rounds=1)
    logs = {name: AttemptLog(name, "problem", name, prover_seconds=2.0) for name in ("spent", "tried", "idle")}
    for log in logs.values():
        log.counts["proposed"] = 7
    logs["spent"].counts[OUT_OF_TIME] = 1
    model = AttemptLog("triedm", "problem", "tried", model="m")
    with Library(run) as library:
        library.add_problems([ProblemState(Problem(name, "rocq", "", f"Theorem {name} : True.")) for name in logs])
        for log in (logs["spent"], logs["tried"], model):
            library.add_attempt(log.attempt())
        library.snapshot(seed=0, code_version="0")
    found = write_results(run)["open"]
    rows = {row["name"]: row for row in map(json.loads, (run / "results.jsonl").read_text().splitlines())}
    assert {name: rows[name]["reason"] for name in logs} == {name: found[name] for name in logs}
    assert found["spent"].startswith("automation ran out of time after 7 candidates in 2.")
    assert found["tried"].startswith("all that automation has failed, 7 candidates in 2.")
    assert "; the language model has no proof among 0 candidates" in found["tried"]
    assert found["idle"] == "not tried: the budget of the run was spent"


def test_refuted_problems_are_told_apart_in_results_summary_report_and_files(tmp_path: Path) -> None:
    run = sample_run.build(tmp_path / "run", rounds=1)
    with Library(run) as library:
        name = next(name for name, state in library.problems.items() if state.status == "open")
        solved = sum(state.status == "proved" for state in library.problems.values())
        library.set_problem(name, "refuted", reason="counterexample: x = zero", proof="Theorem t_refuted : False.")
        library.snapshot(seed=0, code_version="0")
        files = write_proofs(run, dict(library.problems), library.all_lemmas())
    assert [file.name for file in files if "_refuted" in file.name] == [proof_name(name, "rocq", "refuted")]
    found = write_results(run)
    assert (list(found["refuted"]), len(found["proved"])) == ([name], solved)
    rows = {row["name"]: row for row in map(json.loads, (run / "results.jsonl").read_text().splitlines())}
    assert rows[name]["status"] == "refuted"
    assert rows[name]["counterexample"] == "x = zero"
    assert f"{name}: counterexample: x = zero" in summarise(run).text
    told = result(read(run))
    assert told["refuted"] == {name: "counterexample: x = zero"}
    assert name not in told["open"]
    page = write_report(run).read_text()
    assert page.index("<h2>Refuted problems</h2>") < page.index("x = zero")
    with Library(run) as library:
        again = {name: replace(library.problems[name], status="open", proof="")}
    write_proofs(run, again, ())
    assert not (run / "proofs" / proof_name(name, "rocq", "refuted")).exists()
