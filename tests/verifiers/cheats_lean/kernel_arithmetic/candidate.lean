def Nat.gcd (_ _ : Nat) : Nat := 0
theorem one : Eq (Nat.gcd 6 4) 2 := rfl
theorem two (a b : Nat) : Eq (Nat.gcd a b) 0 := rfl
theorem three : Eq 0 2 := Eq.trans (Eq.symm (two 6 4)) one
theorem goal : False := Eq.subst (motive := fun (n : Nat) => Nat.rec (motive := fun _ => Prop) True (fun _ _ => False) n) three True.intro
