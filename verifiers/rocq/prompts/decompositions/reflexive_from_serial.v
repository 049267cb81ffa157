(*
Statement: A symmetric and transitive relation in which everything is related to something is reflexive.
Proof: If x is related to y, then y to x by symmetry, so x to x by transitivity. Everything is related to some y.
Steps:
1. Show that whatever is related to something is related to itself.
2. Apply this to the given partner.
*)
Lemma there_and_back : forall (A : Type) (R : A -> A -> Prop), (forall x y, R x y -> R y x) ->
  (forall x y z, R x y -> R y z -> R x z) -> forall x y, R x y -> R x x.
Proof. intros A R s t x y h. apply (t x y x h). apply s. exact h. Qed.

Theorem reflexive_from_serial : forall (A : Type) (R : A -> A -> Prop), (forall x y, R x y -> R y x) ->
  (forall x y z, R x y -> R y z -> R x z) -> (forall x, exists y, R x y) -> forall x, R x x.
Proof. intros A R s t e x. destruct (e x) as [y h]. apply (there_and_back A R s t x y h). Qed.
