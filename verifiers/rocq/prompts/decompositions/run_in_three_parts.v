(*
Statement: A lamp that runs along three chains put together ends as if it ran along them one after another.
Proof: Running along two chains put together is running along the first, then the second, by induction on the first. Use this twice.
Steps:
1. Show the claim for two chains.
2. Use it for the outer, then for the inner pair.
*)
Inductive chain : Type := stop | near (a : chain) | far (a : chain).
Fixpoint glue (a b : chain) : chain :=
  match a with stop => b | near c => near (glue c b) | far c => far (glue c b) end.
Inductive lamp : Type := red | amber | green.
Definition change (c : lamp) : lamp := match c with red => green | green => amber | amber => red end.
Fixpoint run (a : chain) (c : lamp) : lamp := match a with stop => c | near b => run b c | far b => run b (change c) end.

Lemma run_glue : forall a b c, run (glue a b) c = run b (run a c).
Proof. induction a; intros b c; simpl; rewrite ?IHa; reflexivity. Qed.

Theorem run_in_three_parts : forall x y z c, run (glue x (glue y z)) c = run z (run y (run x c)).
Proof. intros x y z c. rewrite !run_glue. reflexivity. Qed.
