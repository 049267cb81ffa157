def plus (a _b : N) : N := a

theorem goal (x : N) : Eq (plus x x) x := rfl
