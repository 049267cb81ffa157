by simp (* (* *) sorry
