syntax "lie" : term
theorem goal : 2 + 2 = 5 := lie
