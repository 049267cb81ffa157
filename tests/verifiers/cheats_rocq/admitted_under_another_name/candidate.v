Lemma other : forall x, plus x Zero = Succ x.
Proof. Admitted.
Definition goal := other.
