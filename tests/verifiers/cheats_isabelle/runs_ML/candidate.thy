ML \<open>OS.Process.exit OS.Process.success\<close>
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
