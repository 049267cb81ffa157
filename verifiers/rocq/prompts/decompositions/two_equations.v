(*
Statement: If 2x + 3y = 12 and x - y = 1, then x = 3.
Proof: From the second equation y = x - 1. Put it into the first: 5x - 3 = 12, so 5x = 15.
Steps:
1. Express y by x.
2. Put this into the first equation.
3. Divide by 5.
*)
Require Import ZArith Lia.
Open Scope Z_scope.

Lemma first_in_one_unknown : forall x y : Z, 2 * x + 3 * y = 12 -> x - y = 1 -> 5 * x = 15.
Proof. intros x y h k. lia. Qed.

Theorem two_equations : forall x y : Z, 2 * x + 3 * y = 12 -> x - y = 1 -> x = 3.
Proof. intros x y h k. pose proof (first_in_one_unknown x y h k). lia. Qed.
