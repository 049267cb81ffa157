Module Frozen.
Module Statement.
Definition S := True.
End Statement.
End Frozen.
Theorem goal : Frozen.Statement.S.
Proof. exact I. Qed.
