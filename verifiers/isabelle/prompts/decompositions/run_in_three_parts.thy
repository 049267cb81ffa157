(*
Statement: A lamp that runs along three chains put together ends as if it ran along them one after another.
Proof: Running along two chains put together is running along the first, then the second, by induction on the first. Use this twice.
Steps:
1. Show the claim for two chains.
2. Use it for the outer, then for the inner pair.
*)
theory Run_in_three_parts imports Main
begin

datatype chain = Stop | Near chain | Far chain
fun glue :: "chain \<Rightarrow> chain \<Rightarrow> chain" where
  "glue Stop b = b"
| "glue (Near c) b = Near (glue c b)"
| "glue (Far c) b = Far (glue c b)"
datatype lamp = Red | Amber | Green
fun change :: "lamp \<Rightarrow> lamp" where
  "change Red = Green"
| "change Green = Amber"
| "change Amber = Red"
fun run :: "chain \<Rightarrow> lamp \<Rightarrow> lamp" where
  "run Stop c = c"
| "run (Near b) c = run b c"
| "run (Far b) c = run b (change c)"

lemma run_glue: "run (glue a b) c = run b (run a c)"
  by (induction a arbitrary: c) auto

theorem run_in_three_parts: "run (glue x (glue y z)) c = run z (run y (run x c))"
  by (simp add: run_glue)

end
