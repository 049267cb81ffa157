Theorem goal : plus (Succ Zero) Zero = Succ Zero.
Proof. do 1native_compute. reflexivity. Qed.
