/-
Statement: A symmetric and transitive relation in which everything is related to something is reflexive.
Proof: If x is related to y, then y to x by symmetry, so x to x by transitivity. Everything is related to some y.
Steps:
1. Show that whatever is related to something is related to itself.
2. Apply this to the given partner.
-/
theorem there_and_back : ∀ (A : Type) (R : A → A → Prop), (∀ x y, R x y → R y x) →
    (∀ x y z, R x y → R y z → R x z) → ∀ x y, R x y → R x x := by
  intro A R s t x y h
  exact t x y x h (s x y h)

theorem reflexive_from_serial : ∀ (A : Type) (R : A → A → Prop), (∀ x y, R x y → R y x) →
    (∀ x y z, R x y → R y z → R x z) → (∀ x, Exists fun y => R x y) → ∀ x, R x x := by
  intro A R s t e x
  cases e x with
  | intro y h => exact there_and_back A R s t x y h
