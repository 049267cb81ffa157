(*
Statement: Copying two chains that were put together gives the chains put together.
Proof: A copy is the same chain, by induction. So the copy may be replaced by what was copied.
Steps:
1. Show that a copy of any chain is that chain.
2. Replace the copy in the goal.
*)
Inductive chain : Type := stop | near (a : chain) | far (a : chain).
Fixpoint copy (a : chain) : chain := match a with stop => stop | near b => near (copy b) | far b => far (copy b) end.
Fixpoint glue (a b : chain) : chain :=
  match a with stop => b | near c => near (glue c b) | far c => far (glue c b) end.

Lemma copy_same : forall a, copy a = a.
Proof. induction a; simpl; congruence. Qed.

Theorem copied_ends : forall a b, copy (glue a b) = glue a b.
Proof. intros a b. apply copy_same. Qed.
