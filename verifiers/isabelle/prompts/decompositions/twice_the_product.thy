(*
Statement: For all integers a and b, 2ab is at most a² + b².
Proof: The square (a - b)² is not negative. Expand it: a² - 2ab + b² >= 0.
Steps:
1. Note that (a - b)² is not negative.
2. Expand the square and move 2ab to the other side.
*)
theory Twice_the_product imports Main
begin

lemma square_of_difference: "0 \<le> (a - b) * (a - b)" for a b :: int
  by simp

theorem twice_the_product: "2 * a * b \<le> a * a + b * b" for a b :: int
  using square_of_difference[of a b] by (simp add: algebra_simps)

end
