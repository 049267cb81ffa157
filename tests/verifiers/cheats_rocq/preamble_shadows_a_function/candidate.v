Theorem goal : forall x, plus x Zero = Succ x.
Proof. reflexivity. Qed.
