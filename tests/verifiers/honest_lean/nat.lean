theorem numeral : Eq (Nat.add 2 2) 4 := rfl
theorem decided : Eq (Nat.mul 12 12) 144 := by decide
theorem big : Eq (Nat.mul 123456789 987654321) 121932631112635269 := by decide
theorem not_equal : Not (Eq (Nat.add 2 2) 5) := by decide
theorem both : And (Eq (Nat.sub 3 5) 0) (Eq (Nat.pow 2 10) 1024) := by decide
theorem zero_plus (n : Nat) : Eq (Nat.add 0 n) n := by
  induction n with
  | zero => eq_refl
  | succ n h => exact congrArg Nat.succ h
theorem zero_plus_term (n : Nat) : Eq (Nat.add 0 n) n :=
  Nat.rec rfl (fun _ h => congrArg Nat.succ h) n
theorem succ_plus (m n : Nat) : Eq (Nat.add (Nat.succ m) n) (Nat.succ (Nat.add m n)) := by
  induction n with
  | zero => eq_refl
  | succ n h => exact congrArg Nat.succ h
theorem plus_assoc (a b c : Nat) : Eq (Nat.add (Nat.add a b) c) (Nat.add a (Nat.add b c)) := by
  induction c with
  | zero => eq_refl
  | succ c h => exact congrArg Nat.succ h
theorem injective (m n : Nat) (h : Eq (Nat.succ m) (Nat.succ n)) : Eq m n := by
  injection h
theorem zero_is_no_successor (n : Nat) (h : Eq (Nat.succ n) 0) : False := by
  cases h
theorem zero_or_successor (n : Nat) : Or (Eq n 0) (Exists fun m => Eq n (Nat.succ m)) := by
  cases n with
  | zero => exact .inl rfl
  | succ n => exact .inr ⟨n, rfl⟩
theorem le_refl (n : Nat) : Nat.le n n := .refl
theorem le_step (m n : Nat) (h : Nat.le m n) : Nat.le m (Nat.succ n) := .step h
theorem le_trans (a b c : Nat) (h : Nat.le a b) (k : Nat.le b c) : Nat.le a c := by
  induction k with
  | refl => exact h
  | step _ ih => exact .step ih
theorem zero_le (n : Nat) : Nat.le 0 n := by
  induction n with
  | zero => exact .refl
  | succ n h => exact .step h
theorem beq_self (n : Nat) : Eq (Nat.beq n n) true := Nat.beq_refl n
theorem times_zero (n : Nat) : Eq (Nat.mul 0 n) 0 := by
  induction n with
  | zero => eq_refl
  | succ n h => exact h
