/-
Statement: If f and g commute and x is the only fixed point of f, then g(x) = x.
Proof: f(g(x)) = g(f(x)) = g(x), so g(x) is a fixed point of f. There is only one, namely x.
Steps:
1. Show that g takes fixed points of f to fixed points of f.
2. Use that x is the only one.
-/
theorem image_fixed : ∀ (A : Type) (f g : A → A), (∀ x, f (g x) = g (f x)) → ∀ x, f x = x → f (g x) = g x := by
  intro A f g c x h
  exact Eq.trans (c x) (congrArg g h)

theorem common_fixed_point : ∀ (A : Type) (f g : A → A) (x : A), (∀ y, f (g y) = g (f y)) →
    f x = x → (∀ y, f y = y → y = x) → g x = x := by
  intro A f g x c h u
  apply u
  exact image_fixed A f g c x h
