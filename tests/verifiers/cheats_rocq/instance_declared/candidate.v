Class Lie := lie : False.
Declare Instance l : Lie.
Theorem goal : forall x, plus x Zero = Succ x.
Proof. destruct (lie : False). Qed.
