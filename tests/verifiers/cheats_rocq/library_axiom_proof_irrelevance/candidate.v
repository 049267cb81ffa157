From Coq.Logic Require Import ProofIrrelevance.
Theorem goal : forall (P : Prop) (p q : P), p = q.
Proof. exact proof_irrelevance. Qed.
