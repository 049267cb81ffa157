theory Goal imports Main
begin
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
