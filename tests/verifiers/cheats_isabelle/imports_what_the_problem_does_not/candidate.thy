theory Goal imports Main "HOL-Library.Code_Lazy"
begin
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
end
