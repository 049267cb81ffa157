by simp ésorry
