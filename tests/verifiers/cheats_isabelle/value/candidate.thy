value "(1 :: nat)"
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
