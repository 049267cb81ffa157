method lie = (simp)
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by lie
