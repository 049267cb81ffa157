(*
Statement: If f(f(x)) = x for all x, then every y is f(x) for exactly one x.
Proof: Take x = f(y); then f(x) = y. An involution is injective, so no other x will do.
Steps:
1. Show that f is injective.
2. Offer f(y) for x.
3. Use injectivity for uniqueness.
*)
Lemma involution_injective : forall (A : Type) (f : A -> A), (forall x, f (f x) = x) -> forall x y, f x = f y -> x = y.
Proof. intros A f h x y e. rewrite <- (h x), <- (h y), e. reflexivity. Qed.

Theorem involution_hits_once : forall (A : Type) (f : A -> A), (forall x, f (f x) = x) ->
  forall y, exists x, f x = y /\ forall z, f z = y -> z = x.
Proof.
  intros A f h y. exists (f y). split.
  - apply h.
  - intros z e. apply (involution_injective A f h). rewrite e, h. reflexivity.
Qed.
