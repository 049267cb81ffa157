local infixl:65 " + " => fun _ _ => 5
theorem goal : 2 + 2 = 5 := rfl
