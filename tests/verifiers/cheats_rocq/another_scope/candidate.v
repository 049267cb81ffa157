Open Scope Z_scope.
Theorem goal : forall n, n - 1 + 1 = n.
Proof. intros. ring. Qed.
