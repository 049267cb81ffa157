(*
Statement: Flipping the links of a chain made of two flipped chains gives the two chains put together.
Proof: Flipping goes through putting together, and flipping twice is nothing. So flip(glue(flip a, flip b)) = glue(flip(flip a), flip(flip b)) = glue(a, b).
Steps:
1. Move the outer flip into both parts.
2. Cancel the two flips on each part.
*)
Inductive chain : Type := stop | near (a : chain) | far (a : chain).
Fixpoint flip (a : chain) : chain := match a with stop => stop | near b => far (flip b) | far b => near (flip b) end.
Fixpoint glue (a b : chain) : chain :=
  match a with stop => b | near c => near (glue c b) | far c => far (glue c b) end.

Lemma flip_glue : forall a b, flip (glue a b) = glue (flip a) (flip b).
Proof. induction a; intros b; simpl; congruence. Qed.

Lemma flip_twice : forall a, flip (flip a) = a.
Proof. induction a; simpl; congruence. Qed.

Theorem flipped_parts : forall a b, flip (glue (flip a) (flip b)) = glue a b.
Proof. intros a b. rewrite flip_glue, !flip_twice. reflexivity. Qed.
