unbundle lattice_syntax
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
