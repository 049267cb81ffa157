"""What a run tells on the terminal and as JSON."""

from pathlib import Path

import pytest

from domain import Problem
from library_store.library import Library
from library_store.schema import ProblemState
from library_store.snapshot import read
from pipeline.__main__ import main
from pipeline.loop.attempt_log import AttemptLog, Result
from pipeline.loop.progress import Progress
from pipeline.loop.scheduler import Action
from pipeline.report.page import write_report
from pipeline.report.summary import result, summarise, technique
from term_algebra import Const
from tests.pipeline.sample_run import build


@pytest.mark.parametrize("said", ["bubblewrap is missing", ""])
def test_a_degraded_sandbox_is_told(tmp_path: Path, said: str) -> None:
    run = build(tmp_path / "run", rounds=1, degraded=said)
    assert ("not fully sandboxed" in summarise(run).text) == bool(said)
    assert said in summarise(run).text
    assert result(read(run))["sandbox_shortfall"] == (said or None)


def test_lemmas_that_stay_audited_are_told_with_the_reason(tmp_path: Path) -> None:
    run = build(tmp_path / "run", rounds=1)
    with Library(run) as library:
        library.add_event("rechecked", detail={"failed": 0, "not_judged": 9, "why": "there is no checker"})
        library.snapshot()
    assert "0 of them rechecked (there is no checker)" in summarise(run).text
    assert "Not every lemma is rechecked: there is no checker" in write_report(run).read_text()


def test_the_log_counts_stuck_goals_and_does_not_print_their_terms(tmp_path: Path) -> None:
    stuck = (Const("sum"), Const("join"))
    with Progress(tmp_path / "run.log") as progress:
        progress.step(Action("prove", "goal", operator="prove"), Result(False, frozenset({"l"}), 1.5, stuck=stuck))
    (line,) = (tmp_path / "run.log").read_text().splitlines()
    assert line.startswith("prove goal prove: proved False, retrieved 1, cpu_seconds 1.5,")
    assert line.endswith("stuck 2")


def test_show_tells_a_goal_on_which_two_attempts_got_stuck_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = build(tmp_path / "run", rounds=1)
    with Library(run) as library:
        library.add_problems([ProblemState(Problem("mine", "rocq", "", "Theorem mine : True."))])
        for name in ("first", "second"):
            library.add_attempt(AttemptLog(name, "problem", "mine", stuck=["sum x0 = x0"]).attempt())
        library.snapshot()
    assert main(["show", str(run), "mine"]) == 0
    assert capsys.readouterr().out.count("sum x0 = x0") == 1


def test_show_tells_a_proof_in_names_for_people_and_in_full_as_it_is_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = build(tmp_path / "run", rounds=1)
    *_, lemma = read(run).lemmas.values()
    proof = f"Ltac lm_a := auto.\nTheorem mine : True.\nProof. lm_a. exact {lemma.canonical_name}. Qed."
    with Library(run) as library:
        problem = Problem("mine", "rocq", "", "Theorem mine : True.")
        library.add_problems([ProblemState(problem, status="proved", proof=proof)])
        library.snapshot()
    assert main(["show", str(run), "mine"]) == 0
    shown = capsys.readouterr().out
    assert f"lm_a. exact {lemma.name}. Qed." in shown
    assert "Ltac" not in shown
    assert "--full" in shown
    assert main(["show", str(run), "mine", "--full"]) == 0
    assert f"proof:\n  Ltac lm_a := auto.\n  Theorem mine : True.\n  Proof. lm_a. exact {lemma.canonical_name}." in (
        capsys.readouterr().out
    )
    assert main(["show", str(run), lemma.name]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"lemma {lemma.name}", f"statement: {lemma.statement}"]
    assert {f"name in recorded proofs: {lemma.canonical_name}", f"id: {lemma.id}"} < set(lines[2:])


def test_every_problem_has_its_row(tmp_path: Path) -> None:
    told = result(read(build(tmp_path / "run", rounds=2)))
    rows = {row["name"]: row for row in told["problems"]}
    assert len(rows) == told["counts"]["problems"]
    assert [name for name, row in rows.items() if row["status"] == "proved"] == [
        name for name, row in rows.items() if row["round"]
    ]
    for name, lemmas in told["proved_with_learned_lemmas"].items():
        assert rows[name]["lemmas"] == lemmas


@pytest.mark.parametrize(
    ("block", "shape"),
    [
        ("intros x0.\nlm_search a.", "rewriting and cases"),
        ("intros x0 x1.\nrevert x1; induction x0; intros; lm_deep a.", "induction"),
        ("intros x0 x1.\nrevert x1; induction x0; intros x1; destruct x1; intros; lm_deep a.", "induction and cases"),
        ("intros x0 x1.\nrevert x1; induction x0; intros x1; induction x1; intros; lm_deep a.", "nested induction"),
        ("intros x0.\nrevert x0; fix IH 1; intros x0; destruct x0.", "induction by two steps"),
        ("intros x0.\nfirst [ lm_instance (l _) r ].", "instance of a lemma"),
        ("intros x0.\nepose proof (l _) as e0.\nexact e0.", "instance of a lemma"),
        (
            "intros x0 x1.\nrevert x1; induction x0 as [|x0 IHx0]; intros x1; destruct x1.\n- auto.",
            "induction and cases",
        ),
    ],
)
def test_the_shape_of_a_proof_is_read_from_its_last_block(block: str, shape: str) -> None:
    assert technique(f"Lemma l : P.\nProof.\ninduction n.\nQed.\nTheorem t : Q.\nProof.\n{block}\nQed.") == shape
