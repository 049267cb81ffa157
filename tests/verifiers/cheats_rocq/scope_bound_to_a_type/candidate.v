Declare Scope other_scope.
Bind Scope other_scope with N.
Theorem goal : forall x, plus x Zero = x.
Proof. induction x; simpl; congruence. Qed.
