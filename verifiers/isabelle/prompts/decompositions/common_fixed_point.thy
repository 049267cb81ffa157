(*
Statement: If f and g commute and x is the only fixed point of f, then g(x) = x.
Proof: f(g(x)) = g(f(x)) = g(x), so g(x) is a fixed point of f. There is only one, namely x.
Steps:
1. Show that g takes fixed points of f to fixed points of f.
2. Use that x is the only one.
*)
theory Common_fixed_point imports Main
begin

lemma image_fixed:
  assumes "\<And>x. f (g x) = g (f x)" and "f x = x"
  shows "f (g x) = g x"
  using assms by simp

theorem common_fixed_point:
  assumes c: "\<And>y. f (g y) = g (f y)" and h: "f x = x" and u: "\<And>y. f y = y \<Longrightarrow> y = x"
  shows "g x = x"
proof -
  have "f (g x) = g x" using c h by simp
  then show ?thesis using u by blast
qed

end
