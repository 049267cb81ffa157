(*
Statement: Counting the links of a chain step by step, from even on, gives the chain's parity.
Proof: Counting on from any parity combines the chain's parity with it; this more general fact is proved by induction. Combining with even changes nothing.
Steps:
1. Generalise even to any parity p.
2. Prove that counting on from p combines the chain's parity with p.
3. Take p even.
*)
Inductive chain : Type := stop | near (a : chain) | far (a : chain).
Inductive parity : Type := even | odd.
Definition turn (p : parity) : parity := match p with even => odd | odd => even end.
Definition join (p q : parity) : parity := match p with even => q | odd => turn q end.
Fixpoint count (a : chain) : parity := match a with stop => even | near b => turn (count b) | far b => turn (count b) end.
Fixpoint onto (a : chain) (p : parity) : parity := match a with stop => p | near b => onto b (turn p) | far b => onto b (turn p) end.

Lemma join_even : forall p, join p even = p.
Proof. destruct p; reflexivity. Qed.

Lemma join_turn : forall p q, join p (turn q) = join (turn p) q.
Proof. destruct p, q; reflexivity. Qed.

Lemma onto_count : forall a p, onto a p = join (count a) p.
Proof. induction a; intros p; simpl; rewrite ?IHa, ?join_turn; reflexivity. Qed.

Theorem counted_from_even : forall a, onto a even = count a.
Proof. intros a. rewrite onto_count. apply join_even. Qed.
