"""Whatever a model writes beside its proof, the library gains only lemmas that are proved as they are recorded."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from domain import Candidate, Elaboration, Problem
from library_store.library import Library
from pipeline.loop.admit import Origin
from pipeline.loop.attempt_log import AttemptLog
from pipeline.loop.context import RunContext
from pipeline.loop.llm_prover import harvest
from tests.pipeline.contexts import context_of
from verifiers.audit.rocq.judge import RocqSettings
from verifiers.rocq.verifier import RocqVerifier

HEADER = """
Inductive num : Type := zero : num | next : num -> num.
Fixpoint add (n m : num) {struct n} : num := match n with zero => m | next k => next (add k m) end.
"""
PROBLEM = Problem("p", "rocq", HEADER, "Theorem p : forall a b, add a (next b) = next (add a b).")
LAST = "Theorem goal : True.\nProof. exact I. Qed."
FIX = (
    "(fix F (n : num) (f : num -> num) {struct n} : num := "
    "match n with next k => F k (fun m => F m f) | zero => f n end)"
)
"""What the guard checker accepts and our own condition does not (upstream 20413)."""

CHEATS = {
    "false": "Lemma aux : forall n, add n zero = next n.\nProof. intros n. induction n; simpl; congruence. Qed.",
    "admitted": "Lemma aux : forall n, add n zero = next n.\nProof. admit. Qed.",
    "defined in its own proof": (
        "Lemma aux : forall n : num, n = n.\nProof.\n"
        "Definition goal : forall n : num, n = n := fun n => eq_refl n.\nQed."
    ),
    "an axiom in its own proof": (
        "Lemma aux : forall n, add n zero = next n.\nProof.\nAxiom lie : False.\ndestruct lie.\nQed."
    ),
    "two statements": "Lemma aux : True) /\\ (forall n, add n zero = next n.\nProof. split. Qed.",
    "a sentence in the statement": "Lemma aux : True. Axiom lie : False.\nProof. exact I. Qed.",
    "a tactic for a statement": "Lemma aux : ltac:(admit).\nProof. exact I. Qed.",
    "an import in its proof": (
        "Lemma aux : forall n : num, n = n.\nProof.\nRequire Import ssreflect.\nreflexivity. Qed."
    ),
    "a tactic redefined in its proof": (
        "Lemma aux : forall n : num, n = n.\nProof.\nLtac lia := exact I.\nreflexivity. Qed."
    ),
    "a flag in its proof": "Lemma aux : forall n : num, n = n.\nProof.\nUnset Guard Checking.\nreflexivity. Qed.",
    "an endless statement": (
        f"Lemma aux : exists F, F = {FIX} /\\ (forall k f, F (next k) f = F k (fun m => F m f)).\n"
        "Proof. eexists. repeat split. Qed."
    ),
    "an endless proof": (
        "Lemma aux : exists F : num -> (num -> num) -> num, forall k f, F (next k) f = F k (fun m => F m f).\n"
        f"Proof. exists {FIX}. reflexivity. Qed."
    ),
}


@pytest.fixture(scope="module")
def verifier() -> Iterator[RocqVerifier]:
    made = RocqVerifier(RocqSettings(check_seconds=2, audit_seconds=5))
    yield made
    made.close()


@pytest.fixture(scope="module")
def elaboration(verifier: RocqVerifier) -> Elaboration:
    return cast("Elaboration", verifier.elaborate([PROBLEM])[0])


def harvested(verifier: RocqVerifier, elaboration: Elaboration, folder: Path, text: str) -> tuple[RunContext, Library]:
    library = Library(folder)
    context = context_of([elaboration], verifier=verifier, library=library)
    library.add_definitions(elaboration.definitions)
    log, origin = AttemptLog("a", "problem", "p"), Origin("harvest", "problem", ("p",))
    harvest(context, log, context.of_problem("p"), canonical(elaboration, text), [], origin)
    return context, library


def canonical(elaboration: Elaboration, text: str) -> str:
    """The text in canonical names, as a model's answer is before it is harvested."""
    for name, own in elaboration.own_names.items():
        text = re.sub(rf"\b{own}\b", name, text)
    return text


def test_an_honest_lemma_is_harvested(verifier: RocqVerifier, elaboration: Elaboration, tmp_path: Path) -> None:
    text = "Lemma aux : forall n, add n zero = n.\nProof. intros n. induction n; simpl; congruence. Qed."
    context, library = harvested(verifier, elaboration, tmp_path, f"{text}\n{LAST}")
    (lemma,) = library.lemmas.values()
    statement = context.statement(lemma.term, lemma.prelude_id)
    assert statement.exact == lemma.statement_exact
    assert verifier.audit([Candidate(context.alone(statement, ()), lemma.proof)], recheck=True)[0].trust == "rechecked"


BARE = """
Lemma second : forall a b, add a zero = a -> add b zero = b. Proof. induction b; simpl; intros; f_equal; auto. Qed.
Lemma by_name : forall b, add b zero = b. Proof. induction b. reflexivity. simpl. rewrite IHb. reflexivity. Qed.
Lemma bound (b : num) : add zero b = b. Proof. case b; reflexivity. Qed.
"""


def test_a_proof_may_name_variables_that_it_does_not_introduce(
    verifier: RocqVerifier, elaboration: Elaboration, tmp_path: Path
) -> None:
    _, library = harvested(verifier, elaboration, tmp_path, f"{BARE}\n{LAST}")
    assert len(library.lemmas) == 3


@pytest.mark.parametrize("text", CHEATS.values(), ids=CHEATS.keys())
def test_a_cheating_lemma_is_not(verifier: RocqVerifier, elaboration: Elaboration, tmp_path: Path, text: str) -> None:
    _, library = harvested(verifier, elaboration, tmp_path, f"{text}\n{LAST}")
    assert list(library.lemmas.values()) == []
