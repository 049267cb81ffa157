theory Goal imports Main keywords "lie" :: thy_decl
begin
theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
end
