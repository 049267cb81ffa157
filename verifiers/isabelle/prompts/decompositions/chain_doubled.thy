(*
Statement: A chain put behind itself has an even number of links.
Proof: The parity of two chains put together depends only on their parities; two equal parities give an even sum.
Steps:
1. Show how the parity of chains put together comes from their parities.
2. Show that combining a parity with itself gives even.
3. Combine both facts.
*)
theory Chain_doubled imports Main
begin

datatype chain = Stop | Near chain | Far chain
fun glue :: "chain \<Rightarrow> chain \<Rightarrow> chain" where
  "glue Stop b = b"
| "glue (Near c) b = Near (glue c b)"
| "glue (Far c) b = Far (glue c b)"
datatype parity = Even | Odd
fun turn :: "parity \<Rightarrow> parity" where
  "turn Even = Odd"
| "turn Odd = Even"
fun join :: "parity \<Rightarrow> parity \<Rightarrow> parity" where
  "join Even q = q"
| "join Odd q = turn q"
fun count :: "chain \<Rightarrow> parity" where
  "count Stop = Even"
| "count (Near b) = turn (count b)"
| "count (Far b) = turn (count b)"

lemma turn_join: "turn (join p q) = join (turn p) q"
  by (cases p; cases q) auto

lemma count_glue: "count (glue a b) = join (count a) (count b)"
  by (induction a) (auto simp: turn_join)

lemma join_self: "join p p = Even"
  by (cases p) auto

theorem chain_doubled: "count (glue a a) = Even"
  by (simp add: count_glue join_self)

end
