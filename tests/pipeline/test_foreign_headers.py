"""Proofs go back into files that use the core library's names, and helpers, in ways of their own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from domain import Candidate, Elaboration, Problem
from pipeline.proposers.automation.portfolio import Portfolio
from tests.pipeline.contexts import context_of
from verifiers.rocq.automation import RocqAutomation
from verifiers.rocq.own_names import self_contained
from verifiers.rocq.tactics import ARITHMETIC, TACTICS
from verifiers.rocq.verifier import RocqVerifier

SHADOWING = """
Inductive N : Set := O : N | S : N -> N.
Inductive B : Set := true : B | false : B.
Definition not (b : B) := b.
"""

HELPERS = """
Inductive N : Set := Z : N | S : N -> N.
Fixpoint same (a b : N) : bool :=
  match a with
  | Z => match b with Z => true | S _ => false end
  | S c => match b with Z => false | S d => same c d end
  end.
Definition either (a b : bool) : bool := match a with true => true | false => b end.
Inductive L : Set := nil : L | cons : N -> L -> L.
Fixpoint member (a : N) (l : L) : bool := match l with nil => false | cons b m => either (same a b) (member a m) end.
Fixpoint join (l m : L) : L := match l with nil => m | cons a k => cons a (join k m) end.
"""


def test_the_tactics_load_together_whatever_a_header_calls_its_own(tmp_path: Path) -> None:
    (tmp_path / "All.v").write_text(f"{SHADOWING}\n{ARITHMETIC}\n{TACTICS}\nGoal O = O. lm_stuck. Qed.\n")
    done = subprocess.run(["coqc", "-q", "All.v"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("own_functions", [True, False])
def test_a_proof_about_functions_with_helpers_holds_in_the_authors_file(own_functions: bool) -> None:
    statement = "Theorem t : forall (a : N) (l m : L), member a l = true -> member a (join l m) = true."
    problem = Problem("t", "rocq", HELPERS, statement)
    verifier = RocqVerifier()
    try:
        (elaboration,) = verifier.elaborate([problem])
        assert isinstance(elaboration, Elaboration)
        context = context_of([elaboration])
        asked, preamble = context.goal(context.of_problem("t")), context.preamble(elaboration.prelude_id)
        definitions = context.over(elaboration.prelude_id)
        proof = next(
            script.text
            for script in Portfolio(definitions, RocqAutomation()).scripts(elaboration.statement)
            if verifier.check([Candidate(asked, script.text, (), preamble)])[0].trust == "elaborated"
        )
        text = self_contained(elaboration, proof, (), definitions, preamble, own_functions=own_functions)
        verdict = verifier.audit([Candidate(problem, text)])[0]
    finally:
        verifier.close()
    if not own_functions:
        assert verdict.accepted, verdict.messages
    else:
        assert verdict.accepted or verdict.reason == "does_not_compile"
