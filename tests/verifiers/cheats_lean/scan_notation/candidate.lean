notation "5" => 4
theorem goal : 2 + 2 = 5 := rfl
