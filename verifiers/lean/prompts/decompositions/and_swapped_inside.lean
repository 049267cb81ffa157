/-
Statement: In 'P and (Q and R)' the last two parts may be swapped.
Proof: A conjunction may be swapped; do this to the second part only.
Steps:
1. Show that any conjunction may be swapped.
2. Keep the first part and swap the second.
-/
theorem and_turned : ∀ P Q : Prop, P ∧ Q → Q ∧ P := by
  intro P Q h
  exact And.intro h.right h.left

theorem and_swapped_inside : ∀ P Q R : Prop, P ∧ (Q ∧ R) → P ∧ (R ∧ Q) := by
  intro P Q R h
  exact And.intro h.left (and_turned Q R h.right)
