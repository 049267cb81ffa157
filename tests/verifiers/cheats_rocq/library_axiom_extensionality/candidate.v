From Coq.Logic Require Import PropExtensionality.
Theorem goal : forall P Q : Prop, (P <-> Q) -> P = Q.
Proof. exact propositional_extensionality. Qed.
