Theorem goal : forall x, plus x Zero = x.
Proof. intros x. refine (eq_trans ?[e] eq_refl). induction x; simpl; congruence. Qed.
