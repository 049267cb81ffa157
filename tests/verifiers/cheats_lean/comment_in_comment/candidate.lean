/- one /- two -/ three -/ axiom cheat : False /- -/
theorem goal : False := cheat
