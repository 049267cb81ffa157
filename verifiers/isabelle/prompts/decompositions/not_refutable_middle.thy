(*
Statement: It cannot be refuted that P holds or does not hold.
Proof: Suppose not (P or not P). A refuted disjunction refutes both sides: not P, and not not P. These contradict each other.
Steps:
1. Take the left side of the refuted disjunction.
2. Take its right side.
3. Apply one to the other.
*)
theory Not_refutable_middle imports Main
begin

lemma refute_left: "\<not> (P \<or> Q) \<Longrightarrow> \<not> P"
  by blast

lemma refute_right: "\<not> (P \<or> Q) \<Longrightarrow> \<not> Q"
  by blast

theorem not_refutable_middle: "\<not> \<not> (P \<or> \<not> P)"
  using refute_left refute_right by blast

end
