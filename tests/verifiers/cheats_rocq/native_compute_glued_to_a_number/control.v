Theorem goal : plus (Succ Zero) Zero = Succ Zero.
Proof. do 1vm_compute. reflexivity. Qed.
