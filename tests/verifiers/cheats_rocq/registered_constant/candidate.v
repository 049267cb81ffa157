Theorem goal : forall x, plus x Zero = x.
Proof. induction x; simpl; congruence. Qed.
Register True as core.False.type.
