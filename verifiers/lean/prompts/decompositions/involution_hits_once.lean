/-
Statement: If f(f(x)) = x for all x, then every y is f(x) for exactly one x.
Proof: Take x = f(y); then f(x) = y. An involution is injective, so no other x will do.
Steps:
1. Show that f is injective.
2. Offer f(y) for x.
3. Use injectivity for uniqueness.
-/
theorem involution_injective : ∀ (A : Type) (f : A → A), (∀ x, f (f x) = x) → ∀ x y, f x = f y → x = y := by
  intro A f h x y e
  exact Eq.trans (Eq.symm (h x)) (Eq.trans (congrArg f e) (h y))

theorem involution_hits_once : ∀ (A : Type) (f : A → A), (∀ x, f (f x) = x) →
    ∀ y, ∃ x, f x = y ∧ ∀ z, f z = y → z = x := by
  intro A f h y
  apply Exists.intro (f y)
  apply And.intro
  · exact h y
  · intro z e
    apply involution_injective A f h
    exact Eq.trans e (Eq.symm (h y))
