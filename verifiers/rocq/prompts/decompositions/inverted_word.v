(*
Statement: An inverted word has as many zeros as the word has ones.
Proof: The ones of an inverted word are the zeros of the word, by induction. Inverting twice gives the word back, so the roles may be exchanged.
Steps:
1. Count the ones of an inverted word.
2. Show that inverting twice changes nothing.
3. Apply the first fact to the inverted word.
*)
Inductive tally : Type := none | more (n : tally).
Inductive word : Type := done | zero (w : word) | one (w : word).
Fixpoint invert (w : word) : word := match w with done => done | zero v => one (invert v) | one v => zero (invert v) end.
Fixpoint ones (w : word) : tally := match w with done => none | zero v => ones v | one v => more (ones v) end.
Fixpoint zeros (w : word) : tally := match w with done => none | zero v => more (zeros v) | one v => zeros v end.

Lemma ones_invert : forall w, ones (invert w) = zeros w.
Proof. induction w; simpl; congruence. Qed.

Lemma invert_twice : forall w, invert (invert w) = w.
Proof. induction w; simpl; congruence. Qed.

Theorem inverted_word : forall w, zeros (invert w) = ones w.
Proof. intros w. rewrite <- ones_invert, invert_twice. reflexivity. Qed.
