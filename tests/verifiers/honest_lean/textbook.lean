def double : Nat → Nat
  | 0 => 0
  | n + 1 => double n + 2
def total : List Nat → Nat
  | [] => 0
  | x :: xs => x + total xs
theorem succ_add' (m n : Nat) : m + 1 + n = m + n + 1 := by
  induction n with
  | zero => rfl
  | succ n ih => exact congrArg (· + 1) ih
---
theorem zero_add' (n : Nat) : 0 + n = n := by
  induction n with
  | zero => rfl
  | succ n ih => exact congrArg (· + 1) ih
theorem double_is_twice (n : Nat) : double n = n + n := by
  induction n with
  | zero => rfl
  | succ n ih =>
    have step : double (n + 1) = double n + 2 := rfl
    rw [step, ih, succ_add']
    rfl
theorem decided : 2 ^ 10 ≤ 1025 ∧ 3 * 4 ≠ 11 := by
  constructor <;> decide
theorem swapped (p q : Prop) (h : p ∧ q) : q ∧ p := ⟨h.2, h.1⟩
theorem excluded (p q : Prop) (h : p ∨ q) (no : ¬p) : q := by
  cases h with
  | inl k => exfalso; exact no k
  | inr k => exact k
theorem simplified (p q : Prop) (h : p) (k : p → q) : q ∧ p := by simp_all
theorem witnessed : ∃ n, n + 1 = 3 := by
  exists 2
theorem chosen (n : Nat) : (if n + 1 = 0 then 1 else 2) = 2 := by
  have no : (n + 1 = 0) = False := eq_false fun h => Nat.noConfusion h
  simp [no]
theorem list_of_three : total [1, 2, 3] = 6 ∧ [1] ++ [2] = 1 :: 2 :: [] := ⟨rfl, rfl⟩
theorem in_pairs (a b : Nat) (h : a = b) : (a, b) = (b, a) := by
  let pair : Nat × Nat := (b, b)
  rw [h]
