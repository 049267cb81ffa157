/-
Statement: It cannot be refuted that P holds or does not hold.
Proof: Suppose not (P or not P). A refuted disjunction refutes both sides: not P, and not not P. These contradict each other.
Steps:
1. Take the left side of the refuted disjunction.
2. Take its right side.
3. Apply one to the other.
-/
theorem refute_left : ∀ P Q : Prop, ¬(P ∨ Q) → ¬P := by
  intro P Q h p
  exact h (Or.inl p)

theorem refute_right : ∀ P Q : Prop, ¬(P ∨ Q) → ¬Q := by
  intro P Q h q
  exact h (Or.inr q)

theorem not_refutable_middle : ∀ P : Prop, ¬¬(P ∨ ¬P) := by
  intro P h
  exact refute_right P (¬P) h (refute_left P (¬P) h)
