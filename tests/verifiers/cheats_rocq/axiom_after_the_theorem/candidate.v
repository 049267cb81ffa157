Theorem goal : forall x, plus x Zero = x.
Proof. induction x; simpl; congruence. Qed.
Axiom lie : False.
