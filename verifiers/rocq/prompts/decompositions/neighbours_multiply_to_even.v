(*
Statement: The product of a natural number and its successor is even.
Proof: By induction: (n + 1)(n + 2) = n(n + 1) + 2(n + 1), and the first summand is even.
Steps:
1. Write the next product as the last one and an even number.
2. Use induction.
*)
Require Import Arith Lia.

Lemma next_product : forall n, S n * S (S n) = n * S n + 2 * S n.
Proof. intros n. lia. Qed.

Theorem neighbours_multiply_to_even : forall n, exists k, n * S n = 2 * k.
Proof.
  induction n as [|n [k h]].
  - exists 0. reflexivity.
  - exists (k + S n). rewrite next_product, h. lia.
Qed.
