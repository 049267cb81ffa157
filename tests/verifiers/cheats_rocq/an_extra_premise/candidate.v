Theorem goal : forall x, plus x Zero = Succ x -> plus x Zero = Succ x.
Proof. trivial. Qed.
