(*
Statement: Putting the empty chain behind a chain twice changes nothing.
Proof: Putting the empty chain behind a chain changes nothing, by induction on the chain. Use this twice.
Steps:
1. Show that the empty chain behind any chain changes nothing.
2. Rewrite with this fact twice.
*)
theory Empty_ends imports Main
begin

datatype chain = Stop | Near chain | Far chain
fun glue :: "chain \<Rightarrow> chain \<Rightarrow> chain" where
  "glue Stop b = b"
| "glue (Near c) b = Near (glue c b)"
| "glue (Far c) b = Far (glue c b)"

lemma glue_stop: "glue a Stop = a"
  by (induction a) auto

theorem empty_ends: "glue (glue a Stop) Stop = a"
  by (simp add: glue_stop)

end
