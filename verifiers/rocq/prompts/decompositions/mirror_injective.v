(*
Statement: Two bushes with the same mirror image are equal.
Proof: Mirroring twice gives the bush back, by induction. Mirror both sides of the hypothesis.
Steps:
1. Show that mirroring twice changes nothing.
2. Write each bush as its mirror image mirrored, and use the hypothesis.
*)
Inductive bush : Type := tip | twig (t : bush) | fork (l r : bush).
Fixpoint mirror (t : bush) : bush := match t with tip => tip | twig s => twig (mirror s) | fork l r => fork (mirror r) (mirror l) end.

Lemma mirror_back : forall t, mirror (mirror t) = t.
Proof. induction t; simpl; congruence. Qed.

Theorem mirror_injective : forall s t, mirror s = mirror t -> s = t.
Proof. intros s t h. rewrite <- (mirror_back s), <- (mirror_back t), h. reflexivity. Qed.
