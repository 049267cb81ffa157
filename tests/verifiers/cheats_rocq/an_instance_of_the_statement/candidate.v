Theorem goal : plus (Succ Zero) Zero = Succ Zero.
Proof. reflexivity. Qed.
