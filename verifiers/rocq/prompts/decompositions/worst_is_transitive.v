(*
Statement: If a is at least as bad as b, and b as c, then a is at least as bad as c.
Proof: Write 'a is at least as bad as b' as worst(a, b) = a. Taking the worst can be bracketed either way, so worst(a, c) = worst(worst(a, b), c) = worst(a, worst(b, c)) = worst(a, b) = a.
Steps:
1. Show that taking the worst is associative.
2. Compute with the two hypotheses.
*)
Inductive grade : Type := good | fair | bad.
Definition worst (a b : grade) : grade :=
  match a, b with bad, _ => bad | _, bad => bad | fair, _ => fair | _, fair => fair | good, good => good end.

Lemma worst_brackets : forall a b c, worst (worst a b) c = worst a (worst b c).
Proof. destruct a, b, c; reflexivity. Qed.

Theorem worst_is_transitive : forall a b c, worst a b = a -> worst b c = b -> worst a c = a.
Proof.
  intros a b c h k. transitivity (worst (worst a b) c).
  - rewrite h. reflexivity.
  - rewrite worst_brackets, k. exact h.
Qed.
