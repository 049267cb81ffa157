(*
Statement: The product of a natural number and its successor is even.
Proof: By induction: (n + 1)(n + 2) = n(n + 1) + 2(n + 1), and the first summand is even.
Steps:
1. Write the next product as the last one and an even number.
2. Use induction.
*)
theory Neighbours_multiply_to_even imports Main
begin

lemma next_product: "Suc n * Suc (Suc n) = n * Suc n + 2 * Suc n"
  by (simp add: algebra_simps)

theorem neighbours_multiply_to_even: "\<exists>k. n * Suc n = 2 * k"
proof (induction n)
  case 0
  show ?case by simp
next
  case (Suc n)
  then obtain k where "n * Suc n = 2 * k" by blast
  then have "Suc n * Suc (Suc n) = 2 * (k + Suc n)" using next_product by (simp add: algebra_simps)
  then show ?case by blast
qed

end
