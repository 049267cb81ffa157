(*
Statement: The mean of two real numbers with x < y lies strictly between them.
Proof: Double everything: 2x < x + y follows from x < y, and x + y < 2y too.
Steps:
1. Show that the mean is above x.
2. Show that it is below y.
*)
Require Import Reals Lra.
Open Scope R_scope.

Lemma mean_above : forall x y : R, x < y -> x < (x + y) / 2.
Proof. intros x y h. lra. Qed.

Lemma mean_below : forall x y : R, x < y -> (x + y) / 2 < y.
Proof. intros x y h. lra. Qed.

Theorem mean_of_two : forall x y : R, x < y -> x < (x + y) / 2 < y.
Proof. intros x y h. split; [apply mean_above | apply mean_below]; exact h. Qed.
