Theorem goal {lie : False} : forall x, plus x Zero = Succ x.
Proof. destruct lie. Qed.
