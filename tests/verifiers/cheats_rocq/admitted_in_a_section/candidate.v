Section S.
Theorem goal : forall x, plus x Zero = Succ x.
Proof. Admitted.
End S.
