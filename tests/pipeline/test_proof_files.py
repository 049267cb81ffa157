"""What stands in `proofs/`: audited texts, in which library lemmas have names that say what they state."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

from domain import Problem
from library_store.schema import ProblemState
from pipeline.loop.proof_files import in_words, names_of, write_proofs
from tests.library_store.samples import lemma

HEADER = "Definition add_comm := 0."
LEMMAS = [replace(lemma("a"), name="add_comm"), replace(lemma("b"), name="le_trans"), replace(lemma("c"), name="2 + 2")]
A, B, C = (one.canonical_name for one in LEMMAS)
PROOF = f"""Lemma {A} : add_comm = 0.
Proof.
reflexivity.
Qed.
Lemma {B} : True.
Proof.
exact I.
Qed.
Theorem goal : add_comm = 0 /\\ True.
Proof.
exact (conj {A} {B}).
Qed."""


def test_a_lemma_has_its_name_unless_the_file_means_something_else_by_that(tmp_path: Path) -> None:
    problem = Problem("goal", "rocq", HEADER, "Theorem goal : add_comm = 0 /\\ True.")
    (file,) = write_proofs(tmp_path, {"goal": ProblemState(problem, status="proved", proof=PROOF)}, LEMMAS)
    text = file.read_text()
    assert "Lemma add_comm_2 : add_comm = 0.\n" in text
    assert "exact (conj add_comm_2 le_trans)." in text
    subprocess.run(["coqc", "-q", file.name], cwd=file.parent, check=True)
    assert write_proofs(tmp_path, {"goal": ProblemState(problem, status="proved", proof=PROOF)}, LEMMAS) == [file]


def test_in_lean_the_names_hide_none_of_what_is_imported() -> None:
    problem = Problem("goal", "lean4", "", "theorem goal : True")
    proof = f"theorem {C} : True := by\n  trivial\ntheorem goal : True := by\n  simp only [{C}, {A}]"
    assert in_words(problem, proof, names_of(LEMMAS)) == (
        "theorem Library.lemma_2_2 : True := by\n  trivial\n"
        "theorem goal : True := by\n  simp only [Library.lemma_2_2, Library.add_comm]"
    )
