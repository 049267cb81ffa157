(** Binary trees, in a section, with a notation and some gaps. *)
Require Import List Lia.
Import ListNotations.

Section Trees.
  Variable A : Type.

  Inductive tree : Type :=
    | leaf : tree
    | node : tree -> A -> tree -> tree.

  Fixpoint mirror (t : tree) : tree :=
    match t with
    | leaf => leaf
    | node l x r => node (mirror r) x (mirror l)
    end.

  Fixpoint flatten (t : tree) : list A :=
    match t with
    | leaf => []
    | node l x r => flatten l ++ [x] ++ flatten r
    end.

  Notation "| t |" := (length (flatten t)) (at level 40).

  Lemma mirror_mirror (t : tree) : mirror (mirror t) = t.
  Proof.
    induction t.
    - reflexivity.
    - simpl. (* the interesting case *)
      admit.
  Admitted.

  Lemma flatten_mirror : forall t, flatten (mirror t) = rev (flatten t).
  Admitted.

  Lemma size_mirror (t : tree) : | mirror t | = | t |.
  Proof.
  Admitted.
End Trees.

Arguments leaf {A}.
Arguments node {A}.

(* Not true: the tree may be a leaf. *)
Lemma mirror_moves : forall t : tree nat, mirror nat t = t.
Proof.
  (* I am sure that this holds. *)
Admitted.
