theorem goal : 2 + 2 = 5 := by bv_decide
