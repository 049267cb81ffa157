oracle lie = \<open>fn t => t\<close>
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
