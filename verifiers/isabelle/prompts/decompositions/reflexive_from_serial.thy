(*
Statement: A symmetric and transitive relation in which everything is related to something is reflexive.
Proof: If x is related to y, then y to x by symmetry, so x to x by transitivity. Everything is related to some y.
Steps:
1. Show that whatever is related to something is related to itself.
2. Apply this to the given partner.
*)
theory Reflexive_from_serial imports Main
begin

lemma there_and_back:
  assumes "\<And>x y. R x y \<Longrightarrow> R y x" and "\<And>x y z. R x y \<Longrightarrow> R y z \<Longrightarrow> R x z" and "R x y"
  shows "R x x"
  using assms by blast

theorem reflexive_from_serial:
  assumes s: "\<And>x y. R x y \<Longrightarrow> R y x" and t: "\<And>x y z. R x y \<Longrightarrow> R y z \<Longrightarrow> R x z"
    and e: "\<And>x. \<exists>y. R x y"
  shows "R x x"
proof -
  obtain y where "R x y" using e by blast
  then show ?thesis using s t by blast
qed

end
