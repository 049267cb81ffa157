theorem goal:
  fixes n :: nat
  shows "n = n + 0"
  by simp
