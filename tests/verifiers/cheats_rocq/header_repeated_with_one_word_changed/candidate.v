Inductive N := Zero | Succ (n : N).
Fixpoint plus (a b : N) := match a with Zero => Succ b | Succ x => Succ (plus x b) end.
Theorem goal : forall x, plus x Zero = Succ x.
Proof. induction x; simpl; congruence. Qed.
