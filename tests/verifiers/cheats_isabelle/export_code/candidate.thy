export_code Suc in SML file "/tmp/x"
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
