"""What a candidate's text may say, sentence by sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifiers.audit.rocq.lint import refuse, refuse_statement

ALLOWED = [
    "intros x. induction x as [|x IH]; simpl; auto.",
    "- reflexivity. + { lia. } * rewrite H. } 2: { auto. }",
    "all: try lia. 1-2: auto. [x]: { exact I. }",
    "(* Admitted. (* Axiom *) *) exact I.",
    'idtac "Admitted. Axiom x : False.".',
    "Lemma h : True. Proof. exact I. Qed. Theorem t : True. exact h. Defined.",
    "Definition two := 2. Fixpoint f (n : nat) := match n with O => O | S m => f m end.",
    "Inductive tree := leaf | node (l r : tree).",
    "Ltac crush := simpl; auto. crush.",
    "Require Import Lia. From Coq Require Import ZArith Reals.Rbase. From Coq.Lists Require Import List.",
    "Import ListNotations. Open Scope Z_scope. Local Open Scope nat_scope.",
    "Proof with auto. exact I. Qed.",
    "apply (f_equal S). exact (proj1 H).",
    "destruct par. rewrite par.",
]

REFUSED = [
    "Admitted.",
    "Abort.",
    "admit. Qed.",
    "exact ltac:(admit).",
    "give_up.",
    "Axiom a : False.",
    "Axioms (a : nat) (b : False).",
    "Parameter a : False.",
    "Hypothesis h : False.",
    "Variable v : False.",
    "Conjecture c : False.",
    "Context (h : False).",
    "Section A.",
    "Module M.",
    "Module Type T.",
    "Include M.",
    "Notation foo := bar.",
    'Infix "<" := le.',
    'Inductive le2 := A where "x << y" := (le2 x y).',
    "Unset Guard Checking.",
    "Set Universe Polymorphism.",
    "#[global] Unset Guard Checking.",
    "#[bypass_check(guard)] Fixpoint f (n : nat) : False := f n.",
    "Local Set Printing All.",
    "Global Open Scope Z_scope.",
    "Program Lemma a : True.",
    "Polymorphic Definition a := 0.",
    "Fail Qed.",
    "Time auto.",
    "Timeout 1 auto.",
    "Instance i : C.",
    "Class C := c : False.",
    "Hint Resolve a : core.",
    "Coercion f : A >-> B.",
    "Canonical s := t.",
    "Arguments f {x}.",
    'Redirect "x" Print nat.',
    'Extraction "x.ml" f.',
    "Drop.",
    'Cd "/".',
    "Load x.",
    'Add LoadPath "x" as y.',
    'Declare ML Module "x".',
    "BackTo 1.",
    "Reset Initial.",
    "Back.",
    "Undo 3.",
    "Restart.",
    "Print nat.",
    "Check 0.",
    "Compute 0.",
    "Search nat.",
    "Require Import Coq.Compat.AdmitAxiom.",
    "Require Import AdmitAxiom.",
    "Require Import Evil.",
    "Require Extraction.",
    "From dpdgraph Require Import dpdgraph.",
    "From Coq Require Import Evil.",
    "From Ltac2 Require Import Ltac2.",
    "native_compute. reflexivity.",
    "par: auto.",
    "Obligation Tactic := idtac.",
    "Primitive p := #int63_add.",
    "Comments Qed.",
    "1: Check 0.",
    "all: Print nat.",
    "- Admitted.",
    "[x]: Compute 0.",
    "Optimize Proof.",
    "Save foo.",
    "@ x.",
    "Proof using.",
    "exact I. \u202e Qed.",
    "exact I.\0Qed.",
    "exact\u00a0I.",
    "exact I. (* open",
    'exact "open.',
    '(* " *) Admitted. (* " *) Admitted.',
    "exact I.\nAdmitted",
]


@pytest.mark.parametrize("text", ALLOWED)
def test_proofs_and_definitions_are_allowed(text: str) -> None:
    assert refuse(text) is None


@pytest.mark.parametrize("text", REFUSED)
def test_everything_else_is_refused(text: str) -> None:
    assert refuse(text) is not None


def test_imports_of_the_problem_itself_are_allowed() -> None:
    header = "From Coquelicot Require Import Coquelicot.\nNotation x := 0."
    assert refuse("From  Coquelicot Require Import Coquelicot. auto.", header) is None
    assert refuse("From Coquelicot Require Import Hierarchy.", header) is not None
    assert refuse("Notation x := 0.", header) is not None


def test_a_refusal_names_what_it_refuses() -> None:
    assert refuse("auto. Admitted.") == "the command `Admitted`"
    assert refuse("simpl; admit.") == "the tactic `admit`, which leaves the goal unproved"


def test_statements_may_hold_no_hidden_characters_or_admitting_tactics() -> None:
    assert refuse_statement("Theorem t : True.") is None
    assert refuse_statement("Theorem t : True\u200b.") is not None
    assert refuse_statement("Theorem t : ltac:(admit).") is not None


@given(st.text(), st.sampled_from(["Admitted.", "Axiom a : False.", "Unset Guard Checking."]))
def test_a_forbidden_sentence_cannot_hide_behind_a_text(before: str, sentence: str) -> None:
    assert refuse("auto.\n" + sentence) is not None
    if refuse(before) is None and before.rstrip().endswith(".") and "(*" not in before and '"' not in before:
        assert refuse(f"{before}\n{sentence}") is not None
