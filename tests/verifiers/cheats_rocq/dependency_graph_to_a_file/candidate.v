Theorem goal : forall x, plus x Zero = x.
Proof. induction x; simpl; congruence. Qed.
From dpdgraph Require Import dpdgraph.
Set DependGraph File "out.dpd".
Print DependGraph plus.
