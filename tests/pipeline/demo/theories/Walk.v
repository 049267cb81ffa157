From Demo Require Import Tree.
Require Import List.
Import ListNotations.

Module Rose.
  Inductive rose : Type := branch : nat -> list rose -> rose.

  Fixpoint depth (r : rose) : nat :=
    match r with branch _ rs => S (fold_right max 0 (map depth rs)) end.

  Lemma depth_positive : forall r, depth r <> 0.
  Proof.
  Admitted.
End Rose.

Inductive even : nat -> Prop :=
  | even_O : even 0
  | even_S : forall n, odd n -> even (S n)
with odd : nat -> Prop :=
  | odd_S : forall n, even n -> odd (S n).

Lemma even_SS : forall n, even n -> even (S (S n)).
Admitted.

Fixpoint onto {B : Type} (xs ys : list B) : list B :=
  match xs with
  | [] => ys
  | x :: xs => onto xs (x :: ys)
  end.

Theorem onto_twice : forall (B : Type) (xs : list B), onto (onto xs []) [] = xs.
Proof.
Admitted.

Theorem flatten_twice : forall t : tree nat, flatten nat (mirror nat (mirror nat t)) = flatten nat t.
Proof. intros t. now rewrite mirror_mirror. Qed.

Lemma uses_the_gap : forall t : tree nat, length (flatten nat t) = length (flatten nat (mirror nat t)).
Proof. Admitted.

(* Beyond automation: Goldbach. *)
Definition prime (p : nat) : Prop := 1 < p /\ forall a b, a * b = p -> a = 1 \/ b = 1.
Definition goldbach (n : nat) : Prop := exists p q, prime p /\ prime q /\ p + q = 2 * n.

Lemma always : forall n, n <> 0 -> n <> 1 -> goldbach n.
Proof.
Admitted.

Lemma at_ten : goldbach 10.
Admitted.
