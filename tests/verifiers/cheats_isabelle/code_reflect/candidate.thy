code_reflect X functions Suc
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
