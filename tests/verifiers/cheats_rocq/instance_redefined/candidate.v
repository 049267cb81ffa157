#[global] Instance b : Pick := Succ Zero.
Theorem goal : pick = Succ Zero.
Proof. reflexivity. Qed.
