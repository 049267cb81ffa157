(*
Statement: Counting the links of a chain step by step, from even on, gives the chain's parity.
Proof: Counting on from any parity combines the chain's parity with it; this more general fact is proved by induction. Combining with even changes nothing.
Steps:
1. Generalise even to any parity p.
2. Prove that counting on from p combines the chain's parity with p.
3. Take p even.
*)
theory Counted_from_even imports Main
begin

datatype chain = Stop | Near chain | Far chain
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
fun onto :: "chain \<Rightarrow> parity \<Rightarrow> parity" where
  "onto Stop p = p"
| "onto (Near b) p = onto b (turn p)"
| "onto (Far b) p = onto b (turn p)"

lemma join_even: "join p Even = p"
  by (cases p) auto

lemma join_turn: "join p (turn q) = join (turn p) q"
  by (cases p; cases q) auto

lemma onto_count: "onto a p = join (count a) p"
  by (induction a arbitrary: p) (auto simp: join_turn)

theorem counted_from_even: "onto a Even = count a"
  by (simp add: onto_count join_even)

end
