theorem goal : 2 + 2 = 5 := by
  stop
  rfl
