Theorem goal : forall x, plus x Zero = Succ x.
Proof. intros. do 1admit. Admitted.
