by simp
