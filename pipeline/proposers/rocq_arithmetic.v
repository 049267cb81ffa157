Require Import Lia Lra Psatz.

Ltac lm_open :=
  intros;
  repeat match goal with
  | H : _ /\ _ |- _ => destruct H
  | H : exists _, _ |- _ => destruct H
  end.

Ltac lm_cases :=
  lm_open;
  repeat match goal with
  | H : _ \/ _ |- _ => destruct H
  end;
  subst.

Ltac lm_parts := repeat match goal with |- _ /\ _ => split | |- _ <-> _ => split end; lm_open.

Ltac lm_absolute :=
  unfold Rbasic_fun.Rabs in *;
  repeat match goal with
  | |- context [Rbasic_fun.Rcase_abs ?x] => destruct (Rbasic_fun.Rcase_abs x)
  | H : context [Rbasic_fun.Rcase_abs ?x] |- _ => destruct (Rbasic_fun.Rcase_abs x)
  end.
