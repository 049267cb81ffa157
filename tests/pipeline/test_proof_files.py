"""What stands in `proofs/`: audited texts, in which library lemmas have names that say what they state."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

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


FACT = f"Lemma {A} : forall n : nat, n + 0 = n.\nProof. intros n. induction n; simpl; congruence. Qed.\n"


@pytest.mark.parametrize(
    ("name", "header", "proof"),
    [
        ("add_0_r", "Notation \"x 'add_0_r' y\" := (x + y) (at level 50).", f"exact {A}."),
        ("tree_ind", "Inductive tree := leaf | node (l r : tree).", f"exact {A}."),
        ("H", "", f"intros. assert (q := {A}). assert (False -> True -> True) by (intros; exact H0). apply q."),
    ],
)
def test_a_name_takes_none_from_the_file(name: str, header: str, proof: str, tmp_path: Path) -> None:
    statement = "Theorem goal : forall n : nat, n + 0 = n."
    problem = Problem("goal", "rocq", header, statement)
    text = f"{FACT}{statement}\nProof.\n{proof}\nQed."
    for library in ([], [replace(LEMMAS[0], name=name)]):
        (file,) = write_proofs(tmp_path, {"goal": ProblemState(problem, status="proved", proof=text)}, library)
        assert (A in file.read_text()) == (not library)
        subprocess.run(["coqc", "-q", file.name], cwd=file.parent, check=True)


def test_in_lean_a_field_of_a_lemma_is_renamed_with_it() -> None:
    problem = Problem("goal", "lean4", "def «Library».add_comm : Nat := 1", "theorem goal : 1 = 1")
    proof = f"theorem {A} : 1 = 1 := by rfl\ntheorem goal : 1 = 1 := by\n  exact {A}.symm"
    assert in_words(problem, proof, names_of(LEMMAS)).endswith("exact Library.add_comm_2.symm")


def test_a_proof_in_which_a_name_cannot_be_replaced_stays_as_it_is() -> None:
    problem = Problem("goal", "rocq", "", "Theorem goal : True.")
    proof = f'Lemma {B} : True.\nProof. idtac "{B}". exact I. Qed.\nTheorem goal : True.\nProof. exact {B}. Qed.'
    assert in_words(problem, proof, names_of(LEMMAS)) == proof
