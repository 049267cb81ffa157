(*
Statement: If f and g are injective, then so is g after f.
Proof: If g(f(x)) = g(f(y)) then f(x) = f(y) since g is injective, and x = y since f is.
Steps:
1. Take off g with its injectivity.
2. Take off f with its injectivity.
*)
Theorem injective_after_injective : forall (A B C : Type) (f : A -> B) (g : B -> C),
  (forall x y, f x = f y -> x = y) -> (forall x y, g x = g y -> x = y) -> forall x y, g (f x) = g (f y) -> x = y.
Proof. intros A B C f g hf hg x y h. apply hf. apply hg. exact h. Qed.
