judgment Trueprop :: "bool \<Rightarrow> prop" ("_" 5)
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
