(*
Statement: For all integers a and b, 2ab is at most a² + b².
Proof: The square (a - b)² is not negative. Expand it: a² - 2ab + b² >= 0.
Steps:
1. Note that (a - b)² is not negative.
2. Expand the square and move 2ab to the other side.
*)
Require Import ZArith Lia.
Open Scope Z_scope.

Lemma square_of_difference : forall a b : Z, 0 <= (a - b) * (a - b).
Proof. intros a b. apply Z.square_nonneg. Qed.

Theorem twice_the_product : forall a b : Z, 2 * a * b <= a * a + b * b.
Proof. intros a b. pose proof (square_of_difference a b). nia. Qed.
