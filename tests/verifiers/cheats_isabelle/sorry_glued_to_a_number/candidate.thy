apply simp 1sorry
