Theorem goal : plus (Succ Zero) Zero = Succ Zero.
Proof. change_no_check (Succ Zero = Succ Zero). reflexivity. Qed.
