(*
Statement: Putting the empty chain behind a chain twice changes nothing.
Proof: Putting the empty chain behind a chain changes nothing, by induction on the chain. Use this twice.
Steps:
1. Show that the empty chain behind any chain changes nothing.
2. Rewrite with this fact twice.
*)
Inductive chain : Type := stop | near (a : chain) | far (a : chain).
Fixpoint glue (a b : chain) : chain :=
  match a with stop => b | near c => near (glue c b) | far c => far (glue c b) end.

Lemma glue_stop : forall a, glue a stop = a.
Proof. induction a; simpl; congruence. Qed.

Theorem empty_ends : forall a, glue (glue a stop) stop = a.
Proof. intros a. rewrite glue_stop. apply glue_stop. Qed.
