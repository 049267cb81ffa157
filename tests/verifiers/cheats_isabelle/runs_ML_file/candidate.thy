ML_file "evil.ML"
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
