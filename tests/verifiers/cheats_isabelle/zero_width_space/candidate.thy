by​simp
