using "n = n by simp
sorry
