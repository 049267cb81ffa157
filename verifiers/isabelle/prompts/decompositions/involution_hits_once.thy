(*
Statement: If f(f(x)) = x for all x, then every y is f(x) for exactly one x.
Proof: Take x = f(y); then f(x) = y. An involution is injective, so no other x will do.
Steps:
1. Show that f is injective.
2. Offer f(y) for x.
3. Use injectivity for uniqueness.
*)
theory Involution_hits_once imports Main
begin

lemma involution_injective:
  assumes "\<And>x. f (f x) = x" and "f x = f y"
  shows "x = y"
proof -
  have "f (f x) = f (f y)" using assms(2) by simp
  then show ?thesis using assms(1) by simp
qed

theorem involution_hits_once:
  assumes h: "\<And>x. f (f x) = x"
  shows "\<exists>x. f x = y \<and> (\<forall>z. f z = y \<longrightarrow> z = x)"
proof (intro exI conjI allI impI)
  show "f (f y) = y" using h by simp
next
  fix z assume "f z = y"
  then show "z = f y" using h by metis
qed

end
