(*
Statement: If f and g commute and x is the only fixed point of f, then g(x) = x.
Proof: f(g(x)) = g(f(x)) = g(x), so g(x) is a fixed point of f. There is only one, namely x.
Steps:
1. Show that g takes fixed points of f to fixed points of f.
2. Use that x is the only one.
*)
Lemma image_fixed : forall (A : Type) (f g : A -> A), (forall x, f (g x) = g (f x)) -> forall x, f x = x -> f (g x) = g x.
Proof. intros A f g c x h. rewrite c, h. reflexivity. Qed.

Theorem common_fixed_point : forall (A : Type) (f g : A -> A) (x : A), (forall y, f (g y) = g (f y)) ->
  f x = x -> (forall y, f y = y -> y = x) -> g x = x.
Proof. intros A f g x c h u. apply u. apply image_fixed; assumption. Qed.
