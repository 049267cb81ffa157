ML_evil \<open>1\<close>
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
