(*
Statement: A chain put behind itself has an even number of links.
Proof: The parity of two chains put together depends only on their parities; two equal parities give an even sum.
Steps:
1. Show how the parity of chains put together comes from their parities.
2. Show that combining a parity with itself gives even.
3. Combine both facts.
*)
Inductive chain : Type := stop | near (a : chain) | far (a : chain).
Fixpoint glue (a b : chain) : chain :=
  match a with stop => b | near c => near (glue c b) | far c => far (glue c b) end.
Inductive parity : Type := even | odd.
Definition turn (p : parity) : parity := match p with even => odd | odd => even end.
Definition join (p q : parity) : parity := match p with even => q | odd => turn q end.
Fixpoint count (a : chain) : parity := match a with stop => even | near b => turn (count b) | far b => turn (count b) end.

Lemma turn_join : forall p q, turn (join p q) = join (turn p) q.
Proof. destruct p, q; reflexivity. Qed.

Lemma count_glue : forall a b, count (glue a b) = join (count a) (count b).
Proof. induction a; intros b; simpl; rewrite ?IHa, ?turn_join; reflexivity. Qed.

Lemma join_self : forall p, join p p = even.
Proof. destruct p; reflexivity. Qed.

Theorem chain_doubled : forall a, count (glue a a) = even.
Proof. intros a. rewrite count_glue. apply join_self. Qed.
