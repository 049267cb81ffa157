(*
Statement: If f and g are injective, then so is g after f.
Proof: If g(f(x)) = g(f(y)) then f(x) = f(y) since g is injective, and x = y since f is.
Steps:
1. Take off g with its injectivity.
2. Take off f with its injectivity.
*)
theory Injective_after_injective imports Main
begin

theorem injective_after_injective:
  assumes f: "\<And>x y. f x = f y \<Longrightarrow> x = y"
    and g: "\<And>x y. g x = g y \<Longrightarrow> x = y"
    and h: "g (f x) = g (f y)"
  shows "x = y"
proof -
  have "f x = f y" using g h by blast
  then show ?thesis using f by blast
qed

end
