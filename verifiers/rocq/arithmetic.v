Require Import Lia Lra Psatz.

Ltac lm_intro :=
  intros;
  repeat match goal with
  | H : _ /\ _ |- _ => destruct H
  | H : exists _, _ |- _ => destruct H
  end.

Ltac lm_cases :=
  lm_intro;
  repeat match goal with
  | H : _ \/ _ |- _ => destruct H
  end;
  subst.

Ltac lm_parts := repeat match goal with |- _ /\ _ => split | |- _ <-> _ => split end; lm_intro.

Ltac lm_absolute :=
  unfold Rbasic_fun.Rabs in *;
  repeat match goal with
  | |- context [Rbasic_fun.Rcase_abs ?x] => destruct (Rbasic_fun.Rcase_abs x)
  | H : context [Rbasic_fun.Rcase_abs ?x] |- _ => destruct (Rbasic_fun.Rcase_abs x)
  end.

Ltac lm_squares :=
  repeat match goal with
  | x : Rdefinitions.R, y : Rdefinitions.R |- _ =>
      lazymatch goal with
      | _ : Rdefinitions.Rle _ (Rdefinitions.Rmult (Rdefinitions.Rminus x y) (Rdefinitions.Rminus x y)) |- _ => fail
      | _ => pose proof (RIneq.Rle_0_sqr (Rdefinitions.Rminus x y)); unfold RIneq.Rsqr in *
      end
  end.
