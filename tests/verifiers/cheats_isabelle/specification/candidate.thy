consts f :: nat
specification (f) lie: "f = f + 1" by auto
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  using lie by simp
