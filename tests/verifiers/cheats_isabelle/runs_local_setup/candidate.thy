local_setup \<open>I\<close>
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
