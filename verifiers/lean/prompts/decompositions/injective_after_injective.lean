/-
Statement: If f and g are injective, then so is g after f.
Proof: If g(f(x)) = g(f(y)) then f(x) = f(y) since g is injective, and x = y since f is.
Steps:
1. Take off g with its injectivity.
2. Take off f with its injectivity.
-/
theorem injective_after_injective : ∀ (A B C : Type) (f : A → B) (g : B → C),
    (∀ x y, f x = f y → x = y) → (∀ x y, g x = g y → x = y) → ∀ x y, g (f x) = g (f y) → x = y := by
  intro A B C f g hf hg x y h
  apply hf
  apply hg
  exact h
