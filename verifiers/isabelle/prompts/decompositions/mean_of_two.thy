(*
Statement: The mean of two real numbers with x < y lies strictly between them.
Proof: Double everything: 2x < x + y follows from x < y, and x + y < 2y too.
Steps:
1. Show that the mean is above x.
2. Show that it is below y.
*)
theory Mean_of_two imports Complex_Main
begin

lemma mean_above: "x < y \<Longrightarrow> x < (x + y) / 2" for x y :: real
  by simp

lemma mean_below: "x < y \<Longrightarrow> (x + y) / 2 < y" for x y :: real
  by simp

theorem mean_of_two:
  fixes x y :: real
  assumes "x < y"
  shows "x < (x + y) / 2 \<and> (x + y) / 2 < y"
  using assms mean_above mean_below by blast

end
