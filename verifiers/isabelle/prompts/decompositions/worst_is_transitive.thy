(*
Statement: If a is at least as bad as b, and b as c, then a is at least as bad as c.
Proof: Write 'a is at least as bad as b' as worst(a, b) = a. Taking the worst can be bracketed either way, so worst(a, c) = worst(worst(a, b), c) = worst(a, worst(b, c)) = worst(a, b) = a.
Steps:
1. Show that taking the worst is associative.
2. Compute with the two hypotheses.
*)
theory Worst_is_transitive imports Main
begin

datatype grade = Good | Fair | Bad
fun worst :: "grade \<Rightarrow> grade \<Rightarrow> grade" where
  "worst Good b = b"
| "worst Bad b = Bad"
| "worst Fair Bad = Bad"
| "worst Fair b = Fair"

lemma worst_brackets: "worst (worst a b) c = worst a (worst b c)"
  by (cases a; cases b; cases c) auto

theorem worst_is_transitive:
  assumes "worst a b = a" and "worst b c = b"
  shows "worst a c = a"
  using assms worst_brackets by metis

end
