theorem goal : 2 + 2 = 5 := by native_decide
