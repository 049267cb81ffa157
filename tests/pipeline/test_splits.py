"""Case splits and unfolding in the holes of a file: what they find, and that it is written as a person would."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.development.search.budget import Budget
from pipeline.development.search.levels import Level
from pipeline.development.search.plainer import fewest
from pipeline.development.search.proof_search import Search
from pipeline.development.search.solving import Solver
from pipeline.development.search.splits import by_name
from tests.pipeline.test_premises import opened

FILE = """
Require Import List.
Section Lists.
Variable T : Type.
Lemma weaker : forall (l m : list T) n v, nth_error l n = Some v -> nth_error (l ++ m) n = Some v.
Admitted.
Lemma behind : forall (l m : list T) n, nth_error (l ++ m) (n + length l) = nth_error m n.
Admitted.
End Lists.
Inductive says (P : Prop) : bool -> Prop := yes : P -> says P true | no : ~ P -> says P false.
Lemma says_so (A : Type) (P : A -> Prop) (t : A -> bool) :
  (forall x, t x = true <-> P x) -> forall x, says (P x) (t x).
Admitted.
Definition after (A B C : Type) (g : B -> C) (f : A -> B) x := g (f x).
Fixpoint value (k : nat) (m : list (nat * nat)) :=
  match m with nil => None | (k', v) :: m' => if Nat.eqb k k' then Some v else value k m' end.
Definition value' (k : nat) : list (nat * nat) -> option nat :=
  after _ _ _ (fun p => match p with None => None | Some (_, v) => Some v end) (find (fun p => Nat.eqb k (fst p))).
Lemma value_value' : forall k m, value k m = value' k m.
Admitted.
"""


def test_holes_that_want_splits_are_filled_and_the_splits_are_named(tmp_path: Path) -> None:
    found: dict[str, str] = {}
    with opened(tmp_path, FILE) as context:
        for hole in context.document.holes:
            assert context.advance(hole.start) is None
            filling = Solver(context, hole, 30.0).run().filling
            found[hole.name] = filling.block if filling is not None else ""
    assert all(found.values()), found
    assert not [block for block in found.values() if "match goal" in block or "?Nat" in block]
    assert "destruct (t x) eqn:?" in found["says_so"]
    assert "unfold value', after in *" in found["value_value'"]


def test_what_is_still_to_be_found_is_not_introduced_without_end(tmp_path: Path) -> None:
    """`edestruct yes` asks for a proposition, and introduces that as often as one likes."""
    with opened(tmp_path, "Lemma some : exists P : Prop, P.\nAdmitted.\n") as context:
        assert context.advance(context.document.holes[0].start) is None
        search = Search(context, "Goal exists P : Prop, P.\nProof.\neexists.", Budget(context, 30.0))
        assert search.run([Level(0, 1)]) is None


@pytest.mark.parametrize(
    ("tactic", "needed", "plain"),
    [
        ("unfold a, b, c in *", {"b"}, "unfold b"),
        ("rewrite ?a, ?b in *", {"a", "b"}, "rewrite a, b"),
        ("unfold a in *", {"a", "in *"}, "unfold a in *"),
        ("rewrite ?a, ?b in *", {"?b", "in *"}, "rewrite ?b in *"),
    ],
)
def test_names_that_change_nothing_are_left_out(tactic: str, needed: set[str], plain: str) -> None:
    assert fewest(tactic, lambda other: all(word in other for word in needed)) == plain


def test_a_split_is_named_after_what_it_did() -> None:
    assert list(by_name({"x", "y"}, {"y": "nat", "z": "nat"})) == ["destruct x"]
    assert list(by_name({"b", "n"}, {"b": "bool", "n": "nat", "Heqb0": "n =? 0 = true"})) == ["destruct (n =? 0) eqn:?"]
    assert list(by_name({"b"}, {"b": "bool", "Heqb0": "b = true"})) == ["destruct b eqn:?"]
