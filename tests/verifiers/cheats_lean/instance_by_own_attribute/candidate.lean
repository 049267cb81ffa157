@[reducible, instance 100000] def evil : OfNat Nat 5 := ⟨4⟩

theorem goal : Eq (Nat.add 2 2) 5 := rfl
