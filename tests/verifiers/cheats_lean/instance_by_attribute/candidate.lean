def evil : OfNat Nat 5 := ⟨4⟩
attribute [instance 100000] evil

theorem goal : Eq (Nat.add 2 2) 5 := rfl
