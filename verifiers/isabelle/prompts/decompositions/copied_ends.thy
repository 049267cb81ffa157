(*
Statement: Copying two chains that were put together gives the chains put together.
Proof: A copy is the same chain, by induction. So the copy may be replaced by what was copied.
Steps:
1. Show that a copy of any chain is that chain.
2. Replace the copy in the goal.
*)
theory Copied_ends imports Main
begin

datatype chain = Stop | Near chain | Far chain
fun copy :: "chain \<Rightarrow> chain" where
  "copy Stop = Stop"
| "copy (Near b) = Near (copy b)"
| "copy (Far b) = Far (copy b)"
fun glue :: "chain \<Rightarrow> chain \<Rightarrow> chain" where
  "glue Stop b = b"
| "glue (Near c) b = Near (glue c b)"
| "glue (Far c) b = Far (glue c b)"

lemma copy_same: "copy a = a"
  by (induction a) auto

theorem copied_ends: "copy (glue a b) = glue a b"
  by (simp add: copy_same)

end
