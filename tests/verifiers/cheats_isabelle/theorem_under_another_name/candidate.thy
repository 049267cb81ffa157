theorem goal_2:
  fixes n :: nat
  shows "n = n + 1"
  by simp
