Theorem goal : forall x, plus x Zero = Succ x.
Proof. finish. Admitted.
