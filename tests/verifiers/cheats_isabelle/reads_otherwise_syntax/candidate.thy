syntax "_x" :: "nat \<Rightarrow> nat" ("x _")
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
