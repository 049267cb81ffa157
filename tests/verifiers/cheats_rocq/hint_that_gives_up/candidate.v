Theorem goal : forall x, plus x Zero = x.
Proof. induction x; simpl; congruence. Qed.
#[global] Hint Extern 0 => exact I : core.
