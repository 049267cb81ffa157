"""Which lemmas a search is told, and how they are used: of proofs nearby, by equivalences, under SSReflect."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pipeline.development.project import coq_project
from pipeline.development.project.document import Document
from pipeline.development.project.scratch_copy import Copy
from pipeline.development.project.source import LOAD_SECONDS, read_document
from pipeline.development.search import instances
from pipeline.development.search.budget import Budget
from pipeline.development.search.context import Context
from pipeline.development.search.levels import Level
from pipeline.development.search.moves import View, strong_closers, view
from pipeline.development.search.neighbours import nearest, used_in
from pipeline.development.search.premises import Elsewhere, Premise, read_premise
from pipeline.development.search.proof_search import Search
from pipeline.development.search.questions import AT_A_TIME, answers
from pipeline.development.search.solving import Solver
from pipeline.development.search.ssreflect import closers, moves

NEARBY = """
Lemma flat : forall x y, join x (join y nil) = y.
Proof. intros. rewrite join_unit. apply mend. Qed.
Lemma other : forall n, n <= S n.
Proof. auto using le_S. Qed.
Lemma gap : forall x y z, join x (join y (join z nil)) = z.
Admitted.
Lemma below : forall x y, join x (join y nil) = y.
Proof. apply too_late. Qed.
"""


def test_names_in_proofs_of_statements_like_the_hole_weigh_more() -> None:
    document = Document(NEARBY, "t.v")
    used = used_in(nearest(document, document.holes[0]))
    assert used["join_unit"] == used["mend"] > used["le_S"] > 0
    assert "too_late" not in used
    assert "gap" not in used
    filled = replace(document.holes[0], proof="apply found.")
    assert "found" not in used_in(nearest(document, document.holes[0], [filled]))
    assert "found" in used_in(nearest(document, document.proofs[-1], [filled]))
    assert all(weight <= 1 for weight in used.values())


@contextmanager
def opened(folder: Path, text: str) -> Generator[Context]:
    file = folder / "development" / "Work.v"
    file.parent.mkdir()
    file.write_text(text)
    found = coq_project.find(file)
    with Copy(found, LOAD_SECONDS) as copy:
        assert copy.prepare(file) is None
        context = Context(copy, found.module(file), read_document(file, "Work.v"), LOAD_SECONDS, 2 << 30)
        yield context
        context.close()
    shutil.rmtree(file.parent)


def test_a_lemma_that_a_proof_nearby_uses_comes_before_others_that_fit_as_well(tmp_path: Path) -> None:
    text = """Require Import Arith.
Lemma one : forall n m, n * (m * 1) = n * m.
Proof. intros. now rewrite Nat.mul_1_r. Qed.
Lemma hole : forall n m k, n * (m * (k * 1)) = n * (m * k).
Admitted.
"""
    with opened(tmp_path, text) as context:
        hole = context.document.holes[0]
        assert context.advance(hole.start) is None
        symbols = frozenset({"eq", "nat", "Init.Nat.mul", "S", "O"})
        before = [premise.name for premise in context.premises(symbols, 200)]
        context.aim(hole, 1.0)
        after = [premise.name for premise in context.premises(symbols, 200)]
    assert set(before) <= set(after)
    assert after.index("Nat.mul_1_r") < before.index("Nat.mul_1_r")
    assert "rewrite" not in after


SETOID = """Require Import QArith.
Open Scope Q_scope.
Lemma shift : forall a b c : Q, a == b -> a + c == c + b.
Admitted.
"""


def test_equivalences_rewrite(tmp_path: Path) -> None:
    with opened(tmp_path, SETOID) as context:
        hole = context.document.holes[0]
        assert context.advance(hole.start) is None
        assert "Qeq" in context.relations
        premises = {one.name: one for one in context.premises(frozenset({"Qeq", "Qplus"}), 200)}
        assert premises["Qplus_comm"].left_size == premises["Qplus_comm"].right_size > 1
        answer = Solver(context, hole, 10.0).run()
    assert answer.filling is not None
    assert "Qplus_comm" in answer.filling.block


SSREFLECT = """From Coq Require Import ssreflect ssrbool ssrfun.
Lemma views (a b c : bool) : reflect (c -> a /\\ b) (c ==> (a && b)).
Admitted.
Lemma swap (a b : bool) : a && b -> b && a.
Admitted.
Section S.
Variables (T : Type) (f g : T -> T).
Hypothesis back : cancel f g.
Lemma twice : cancel (f \\o f) (g \\o g).
Admitted.
End S.
"""


def test_files_in_the_style_of_ssreflect(tmp_path: Path) -> None:
    with opened(tmp_path, SSREFLECT) as context:
        for hole in context.document.holes:
            assert context.advance(hole.start) is None
            assert "done" in context.tactics
            assert Solver(context, hole, 15.0).run().filling is not None, hole.name


def test_what_is_tried_under_ssreflect() -> None:
    goal = View((("b", "bool"), ("H", "is_true (andb a b)")), "is_true (@eq_op nat_eqType n m)")
    premise = Premise("addnC", frozenset({"addn"}), left_size=3, right_size=3)
    tried = [closer.tactic for closer in closers(goal, [premise], ["double"])]
    assert tried[0] == "by []"
    assert "by first [rewrite addnC //= | rewrite -addnC //=]" in tried
    assert "by rewrite ?/double //=" in tried
    assert [move.tactic for move in moves(goal, [premise])][:2] == ["case/andP: H", "apply/eqP"]


INCLUDED = """Require Import Ensembles.
Lemma chain U (x y z : Ensemble U) : Included U x y -> Included U y z -> Included U x z.
Admitted.
"""


def test_what_a_definition_quantifies_is_introduced(tmp_path: Path) -> None:
    with opened(tmp_path, INCLUDED) as context:
        hole = context.document.holes[0]
        assert context.advance(hole.start) is None
        answer = Solver(context, hole, 10.0).run()
    assert answer.filling is not None
    assert answer.filling.block.splitlines()[0] == "intros H H0 x0 H1."


TREES = """Require Import List. Import ListNotations.
Inductive tree := leaf | node (l : tree) (n : nat) (r : tree).
Fixpoint mirror t := match t with leaf => leaf | node l n r => node (mirror r) n (mirror l) end.
Fixpoint flat t := match t with leaf => [] | node l n r => flat l ++ n :: flat r end.
Lemma twice : forall t, mirror (mirror t) = t.
Proof.
  induction t as [|l IHl n r IHr].
  - reflexivity.
  - cbn. rewrite IHl. rewrite IHr. reflexivity.
Qed.
Lemma mirrored : forall t, flat (mirror t) = rev (flat t).
Admitted.
"""


def test_steps_of_proofs_nearby_are_told_in_the_names_of_the_goal(tmp_path: Path) -> None:
    with opened(tmp_path, TREES) as context:
        hole = context.document.holes[0]
        assert context.advance(hole.start) is None
        statement = f"{hole.statement}\nProof."
        first = context.session.run("idtac.", before=statement).goals[0]
        second = context.session.run("induction t. 2: {", before=statement).goals[0]
        assert context.remembered(view(first)) == []
        context.aim(hole, 0.0)
        assert context.remembered(view(first)) == [], "no second was given"
        context.aim(hole, 5.0)
        assert context.remembered(view(first))[0] == "induction t as [|l IHl n r IHr]"
        told = context.remembered(view(second))
        assert "rewrite IHt1" in told
        assert "rewrite IHt2" in told
        assert all("IHl" not in tactic or tactic.startswith("induction") for tactic in told)
        assert context.session.run("Check twice.", 5.0).ok
        assert not context.session.run("Check twice_again.", 5.0).ok, "a replay leaves nothing behind"


def test_rules_are_spread_out_before_algebra() -> None:
    goal = View((("n", "nat"), ("IH", "@eq R (f n) x")), "@eq R (f (S n)) (plus x one)")
    spreads = Premise("f_S", frozenset({"f", "S"}), left_size=3, right_size=5)
    tried = {closer.tactic for closer in strong_closers(goal, [spreads], frozenset({"ring"}), heavy=True)}
    assert "do 8 try (first [rewrite IH | rewrite f_S]); ring" in tried
    assert not any("ring" in closer.tactic for closer in strong_closers(goal, [spreads], frozenset(), heavy=True))


ALIKE = "\n".join(
    [
        "Parameter P : nat -> Prop.",
        "Parameter f : nat -> nat.",
        *(f"Axiom way{n} : forall x, f x = {n} -> P x." for n in range(24)),
        "Axiom known : f 3 = 11.",
        "Lemma hole : P 3.",
        "Admitted.",
        "",
    ]
)


def test_where_the_best_premises_fail_the_next_best_follow(tmp_path: Path) -> None:
    with opened(tmp_path, ALIKE) as context:
        hole = context.document.holes[0]
        assert context.advance(hole.start) is None
        search = Search(context, f"{hole.statement}\nProof.", Budget(context, 20.0))
        passes = 1
        while (found := search.run([Level(1, 1)])) is None and search.further():
            passes += 1
    assert found is not None
    assert passes > 1


def test_what_the_seconds_are_over_for_is_not_asked(tmp_path: Path) -> None:
    with opened(tmp_path, "Lemma t : True.\nAdmitted.\n") as context:
        names = ["nat", "no_such_name", *["S"] * AT_A_TIME]
        seen = answers(context.session, "Check {}.", names, before="", limit=5.0)
        assert [name for name, _ in seen] == names
        assert [name for name, said in seen if said is None] == ["no_such_name"]
        assert answers(context.session, "Check {}.", names, before="", limit=5.0, seconds=0.0) == []
        slow = "Compute (fix f (n : nat) := match n with O => 0 | S m => f m + f m end) {}."
        seen = answers(context.session, slow, ["2", "3", "60", "4"], before="", limit=0.5)
        assert [name for name, said in seen if said is None] == ["60"]


TYPES = {
    "irrelevant": "forall (x y : nat) (p q : @eq nat x y), @eq (@eq nat x y) p q",
    "add_comm": "forall n m : nat, @eq nat (add n m) (add m n)",
    "pick": "forall _ : colour, colour",
    "bright": "forall c : colour, @eq nat (add (shade c) O) (shade c)",
    "eq": "forall (A : Type) (_ _ : A), Prop",
    "colour": "Set",
}


def test_equations_are_premises_whatever_proofs_of_equations_other_lemmas_are_about() -> None:
    def check(names: Sequence[str]) -> list[tuple[str, str | None]]:
        return [(name, f"{name}\n     : {TYPES[name]}") for name in names]

    found = Elsewhere(lambda _: ["irrelevant", "add_comm", "pick", "bright"], check)
    assert [one.name for one in found.near(["add"])] == ["bright", "add_comm", "irrelevant"]
    assert found.how_many("add") == 4
    assert found.how_many("shade") == 1


def test_lemmas_that_the_seconds_were_too_few_for_are_read_another_time() -> None:
    def check(names: Sequence[str]) -> list[tuple[str, str | None]]:
        return [(name, f"{name}\n     : {TYPES[name]}") for name in names[:1]]

    found = Elsewhere(lambda _: ["bright", "add_comm"], check)
    assert [one.name for one in found.near(["add"])] == ["bright"]
    assert [one.name for one in found.near(["add"])] == ["bright", "add_comm"]


LEMMAS = {
    "top_spec": "forall n m : nat, or (le n m) (eq nat (top n m) m)",
    "top_comm": "forall n m : nat, @eq nat (top n m) (top m n)",
    "top_above": "forall n m : nat, le n (top n m)",
    "joined": "forall (A : Type) (l k : list A), @or (@P A (@join A l k)) (@P A l)",
    "no_term": "forall n m k : nat, le n m -> le m k -> le n k",
}


def test_lemmas_are_taken_at_the_terms_of_a_goal_of_which_they_tell() -> None:
    goal = View((("H", "@P B (@join B l nil)"),), "@eq nat (top x (S y)) (top (top x z) w)")
    read = [read_premise(name, f"@{name}\n     : {said}", frozenset(), is_hole=False) for name, said in LEMMAS.items()]
    assert [move.tactic for move in instances.moves(goal, read)] == [
        *("destruct (top_spec x (S y))", "destruct (top_spec (top x z) w)", "destruct (top_spec x z)"),
        *("rewrite (top_comm x (S y))", "rewrite (top_comm (top x z) w)", "rewrite (top_comm x z)"),
        *("pose proof (top_above x (S y))", "pose proof (top_above (top x z) w)", "pose proof (top_above x z)"),
        *("destruct (joined l nil)", "destruct (joined B l nil)"),
    ]
