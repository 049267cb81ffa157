open scoped Evil
theorem goal : 2 + 2 = 5 := rfl
