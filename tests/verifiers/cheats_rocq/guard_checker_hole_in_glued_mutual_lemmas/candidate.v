Definition T (n : nat) := nat.
Lemma F : nat -> nat -> (nat -> nat) -> T 0with G : nat -> nat -> (nat -> nat) -> T 0.
Proof.
  - exact (fun size c f =>
      match size with S smaller => F smaller (S c) (fun other => F other 0 f) | O => S (f c) end).
  - exact (fun size c f => match size with S smaller => G smaller c f | O => 0 end).
Defined.
Lemma step size c f : F (S size) c f = F size (S c) (fun other => F other 0 f).
Proof. reflexivity. Qed.
Lemma stop c f : F 0 c f = S (f c).
Proof. reflexivity. Qed.
Theorem goal : False.
Proof.
  assert (H : exists n : nat, n = S n).
  { exists (F 1 0 (fun _ => 0)). remember (S (F 1 0 (fun _ => 0))) as v eqn:e.
    rewrite step, stop, <- e. reflexivity. }
  destruct H as [n H]. induction n; [discriminate | injection H; exact IHn].
Qed.
