From Coq.Logic Require Import Eqdep.
Theorem goal : forall (A : Type) (x : A) (p : x = x), p = eq_refl.
Proof. intros. apply UIP_refl. Qed.
