def one (_ : Nat) : Nat := 1

def one.«_sunfold» (_ : Nat) : Nat := 2

theorem lie : Eq (one 0) 2 := Eq.refl 2

set_option smartUnfolding false in
theorem goal : False := by
  cases lie
