"""Auxiliary lemmas of a development are called after what they state."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.development.project import coq_project
from pipeline.development.project.document import Document
from pipeline.development.project.scratch_copy import Copy
from pipeline.development.search.context import Context
from pipeline.development.search.helper_names import in_turn, stem_of, told_apart
from verifiers.audit.rocq.filling import Filling, refusal

NAMES = {
    "forall (A : Type) (l m : list A), rev (l ++ m) = rev m ++ rev l": "rev_app_distr",
    "forall n m : nat, n + m = m + n": "add_comm",
    "forall (A : Type) (l : list A), rev (rev l) = l": "rev_involutive",
    "forall a b c : nat, a <= b -> b <= c -> a <= c": "le_trans",
    "forall a b c : nat, b <= c -> a <= b -> a <= c": "le_trans",
    "forall a b c : nat, a <= b -> b <= c -> c <= a": "le_if_le",
    "forall a b : nat, a <= b -> b <= a -> a = b": "le_antisym",
    "forall a b : nat, a <> b -> b <> a": "not_eq_sym",
    "forall (A : Type) (l : list A), length (rev l) = length l": "length_rev",
}


def test_a_lemma_is_called_after_what_it_states(tmp_path: Path) -> None:
    (tmp_path / "Work.v").write_text("Require Import List. Import ListNotations.\n")
    document = Document((tmp_path / "Work.v").read_text(), "Work.v")
    with Copy(coq_project.find(tmp_path / "Work.v"), 60.0) as copy:
        context = Context(copy, "Work", document, 60.0, 2 << 30)
        try:
            assert context.advance(len(document.text)) is None
            assert {one: stem_of(context, one) for one in NAMES} == NAMES
            assert stem_of(context, "no such thing") is None
        finally:
            context.close()


def lemma(name: str, proof: str = "exact I.") -> str:
    return f"Lemma {name} : True.\nProof.\n  {proof}\nQed."


@pytest.mark.parametrize("text", ["Lemma a : True. Admitted.", "Lemma a_helper2 : True. Admitted."])
def test_no_two_lemmas_of_a_file_have_one_name(text: str) -> None:
    first = Filling("apply a_helper1.", (lemma("a_helper1"),))
    second = Filling("apply b_helper2.", (lemma("a_helper1"), lemma("b_helper2", "apply a_helper1.")))
    free = "a_helper3" if "a_helper2" in text else "a_helper2"
    assert told_apart({"one": first, "two": second}, text) == {
        "one": first,
        "two": Filling("apply b_helper2.", (lemma(free), lemma("b_helper2", f"apply {free}."))),
    }
    assert refusal(told_apart({"two": second}, text)["two"], text) is None


def test_numbers_are_given_out_in_order() -> None:
    assert in_turn(dict.fromkeys(["b_helper3", "a_helper1", "c_helper10"])) == {
        "b_helper3": "b_helper1",
        "a_helper1": "a_helper3",
        "c_helper10": "c_helper10",
    }
