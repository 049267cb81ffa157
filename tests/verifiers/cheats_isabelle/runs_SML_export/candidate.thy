SML_export \<open>val x = 1\<close>
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
