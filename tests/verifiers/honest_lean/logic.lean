theorem and_swap (p q : Prop) (h : And p q) : And q p := ⟨h.2, h.1⟩
theorem and_swap_by (p q : Prop) (h : And p q) : And q p := by
  refine ⟨?_, ?_⟩
  · exact h.2
  · exact h.1
theorem and_assoc' (p q r : Prop) (h : And (And p q) r) : And p (And q r) := by
  cases h with
  | intro left right => exact ⟨left.1, left.2, right⟩
theorem or_swap (p q : Prop) (h : Or p q) : Or q p := by
  cases h with
  | inl a => right; exact a
  | inr b => left; exact b
theorem or_of_and (p q : Prop) (h : And p q) : Or p q := .inl h.left
theorem modus (p q : Prop) (f : p → q) (x : p) : q := by
  apply f
  assumption
theorem compose (p q r : Prop) (f : p → q) (g : q → r) : p → r := fun x => g (f x)
theorem contrapositive (p q : Prop) (f : p → q) : Not q → Not p := by
  intro no x
  exact no (f x)
theorem not_not_intro (p : Prop) (x : p) : Not (Not p) := fun no => no x
theorem explosion (p q : Prop) (x : p) (no : Not p) : q := by
  contradiction
theorem iff_refl (p : Prop) : Iff p p := ⟨id, id⟩
theorem iff_swap (p q : Prop) (h : Iff p q) : Iff q p := by
  constructor
  · exact h.mpr
  · exact h.mp
theorem exists_self (n : Nat) : Exists fun m => Eq m n := ⟨n, rfl⟩
theorem exists_and (p q : Nat → Prop) (h : Exists fun n => And (p n) (q n)) : Exists p := by
  cases h with
  | intro n both => exact ⟨n, both.left⟩
theorem symmetric {α : Type} (a b : α) (h : Eq a b) : Eq b a := by
  symm
  exact h
theorem transitive {α : Type} (a b c : α) (h : Eq a b) (k : Eq b c) : Eq a c := by
  rewrite [h, k]
  eq_refl
theorem backwards {α : Type} (a b : α) (h : Eq a b) : Eq b a := by
  rewrite [← h]
  eq_refl
theorem substitute {α : Type} (p : α → Prop) (a b : α) (h : Eq a b) (x : p a) : p b := by
  subst h
  exact x
theorem true_or_anything (p : Prop) : Or True p := by
  simp only [true_or]
theorem and_true_is (p : Prop) (h : And p True) : p := by
  simp only [and_true] at h
  exact h
theorem repeated (p : Prop) (x : p) : And p (And p p) := by
  repeat (first | assumption | constructor)
theorem polymorphic.{u} {α : Sort u} (a : α) : Eq a a := rfl
