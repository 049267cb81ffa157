(*
Statement: If 2x + 3y = 12 and x - y = 1, then x = 3.
Proof: From the second equation y = x - 1. Put it into the first: 5x - 3 = 12, so 5x = 15.
Steps:
1. Express y by x.
2. Put this into the first equation.
3. Divide by 5.
*)
theory Two_equations imports Main
begin

lemma first_in_one_unknown:
  fixes x y :: int
  assumes "2 * x + 3 * y = 12" and "x - y = 1"
  shows "5 * x = 15"
  using assms by arith

theorem two_equations:
  fixes x y :: int
  assumes "2 * x + 3 * y = 12" and "x - y = 1"
  shows "x = 3"
  using first_in_one_unknown[OF assms] by arith

end
