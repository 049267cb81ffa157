theorem goal : 2 + 2 = 5 := of_decide_eq_true (ofReduceBool _ true rfl)
