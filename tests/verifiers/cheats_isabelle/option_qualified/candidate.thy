lemmas [Pure.quick_and_dirty] = TrueI
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
