by simp _sorry
