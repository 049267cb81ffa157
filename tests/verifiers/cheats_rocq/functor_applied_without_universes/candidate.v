Module Type T.
Parameter Inline U : Set.
End T.
Module F (X : T).
Definition U : Set := X.U.
End F.
Module A.
Definition U := Set.
End A.
Unset Universe Checking.
Module M := F A.
Set Universe Checking.
Theorem goal : exists U : Set, U = Set :> Type.
Proof. exists M.U. reflexivity. Qed.
