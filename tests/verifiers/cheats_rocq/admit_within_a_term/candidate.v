Theorem goal : forall x, plus x Zero = Succ x.
Proof. refine (fun x => ltac:(admit)). Admitted.
