Theorem goal : forall x, plus x Zero = x.
Proof. induction x; simpl; congruence. Qed.
Timeout 5 Definition one := Succ Zero.
