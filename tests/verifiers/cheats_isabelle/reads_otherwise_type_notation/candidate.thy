type_notation nat ("bool")
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
