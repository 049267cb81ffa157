Close Scope n_scope.
Theorem goal : forall x : nat, x + 0 = x.
Proof. induction x; simpl; congruence. Qed.
