Axiom lie : False.
Theorem goal : forall x, plus x Zero = Succ x.
Proof. idtac "Closed under the global context". destruct lie. Qed.
Print Assumptions plus.
