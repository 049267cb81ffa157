(*
Statement: Two bushes with the same mirror image are equal.
Proof: Mirroring twice gives the bush back, by induction. Mirror both sides of the hypothesis.
Steps:
1. Show that mirroring twice changes nothing.
2. Write each bush as its mirror image mirrored, and use the hypothesis.
*)
theory Mirror_injective imports Main
begin

datatype bush = Tip | Twig bush | Fork bush bush
fun mirror :: "bush \<Rightarrow> bush" where
  "mirror Tip = Tip"
| "mirror (Twig s) = Twig (mirror s)"
| "mirror (Fork l r) = Fork (mirror r) (mirror l)"

lemma mirror_back: "mirror (mirror t) = t"
  by (induction t) auto

theorem mirror_injective:
  assumes "mirror s = mirror t"
  shows "s = t"
proof -
  have "mirror (mirror s) = mirror (mirror t)" using assms by simp
  then show ?thesis by (simp add: mirror_back)
qed

end
