(*
Statement: Flipping the links of a chain made of two flipped chains gives the two chains put together.
Proof: Flipping goes through putting together, and flipping twice is nothing. So flip(glue(flip a, flip b)) = glue(flip(flip a), flip(flip b)) = glue(a, b).
Steps:
1. Move the outer flip into both parts.
2. Cancel the two flips on each part.
*)
theory Flipped_parts imports Main
begin

datatype chain = Stop | Near chain | Far chain
fun flip :: "chain \<Rightarrow> chain" where
  "flip Stop = Stop"
| "flip (Near b) = Far (flip b)"
| "flip (Far b) = Near (flip b)"
fun glue :: "chain \<Rightarrow> chain \<Rightarrow> chain" where
  "glue Stop b = b"
| "glue (Near c) b = Near (glue c b)"
| "glue (Far c) b = Far (glue c b)"

lemma flip_glue: "flip (glue a b) = glue (flip a) (flip b)"
  by (induction a) auto

lemma flip_twice: "flip (flip a) = a"
  by (induction a) auto

theorem flipped_parts: "flip (glue (flip a) (flip b)) = glue a b"
  by (simp add: flip_glue flip_twice)

end
